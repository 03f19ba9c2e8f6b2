"""Pages, rendered and posted to without a browser."""
