"""The Agent API's campaigns, ad sets, ads, proposals and jobs."""
