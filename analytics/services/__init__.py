"""Writes of the room `analytics`."""
