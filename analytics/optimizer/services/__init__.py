"""Writes of the optimizer. What reaches an ad account goes through the gate alone."""
