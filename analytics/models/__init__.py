"""Tables of the room `analytics`."""

from analytics.models.alerts import Alert, AlertRule
from analytics.models.reports import Report

__all__ = ["Alert", "AlertRule", "Report"]
