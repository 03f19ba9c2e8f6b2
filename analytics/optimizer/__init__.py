"""Rules and suggestions: what the product would change by itself, and what it proposes."""
