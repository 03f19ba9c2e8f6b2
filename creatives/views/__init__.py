"""Pages of the room `creatives`."""
