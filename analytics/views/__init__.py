"""Pages of the room `analytics`."""
