"""REST faces of rules and suggestions."""
