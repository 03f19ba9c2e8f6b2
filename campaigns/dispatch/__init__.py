"""Carries out what the gate allowed: the only importer of platform writers."""
