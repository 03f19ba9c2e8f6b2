"""REST of the room `analytics`."""
