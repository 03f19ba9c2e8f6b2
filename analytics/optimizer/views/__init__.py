"""Pages of rules and suggestions."""
