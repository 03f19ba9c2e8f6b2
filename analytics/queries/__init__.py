"""Reads of the room `analytics`; call them inside the tenant's scope."""

from analytics.queries.reports import get_report, list_reports

__all__ = ["get_report", "list_reports"]
