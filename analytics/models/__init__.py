"""Tables of the room `analytics`."""

from analytics.models.reports import Report

__all__ = ["Report"]
