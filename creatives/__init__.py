"""Assets that ads show."""
