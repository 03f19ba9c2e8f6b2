"""The Graph-shaped face: calls in, nodes and edges out."""
