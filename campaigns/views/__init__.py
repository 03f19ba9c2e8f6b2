"""Dashboard pages of campaigns: the inbox and the tree."""
