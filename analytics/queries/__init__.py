"""Reads of the room `analytics`; call them inside the tenant's scope."""

from analytics.queries.alerts import get_alert_rule, list_alert_rules, list_alerts
from analytics.queries.reports import get_report, list_reports

__all__ = ["get_alert_rule", "get_report", "list_alert_rules", "list_alerts", "list_reports"]
