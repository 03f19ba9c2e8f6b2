"""Connections to ad platforms, their accounts, and one folder of connector code per platform."""
