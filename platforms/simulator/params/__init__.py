"""The simulator's own models of what Graph accepts."""
