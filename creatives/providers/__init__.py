"""Who writes copy and draws images: models of others, each an optional extra, and our own."""
