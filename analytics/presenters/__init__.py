"""How numbers, reports and alerts look outside."""
