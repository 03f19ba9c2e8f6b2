"""A simulated ad network: its own process and database, reached over HTTP only."""
