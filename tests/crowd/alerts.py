"""Alert rules that are off, and alerts of the world's rule."""

from datetime import timedelta

from analytics.models import Alert, AlertRule
from tests.cast import NOW
from tests.crowd.rows import LATER, add
from tests.world import World


def add_alerts(world: World, numbers: range) -> None:
    """Alert rules of the world's business, and one alert a day of the world's rule."""
    model = world.row("alert_rule")
    same = {
        field.attname: getattr(model, field.attname)
        for field in AlertRule._meta.concrete_fields
        if field.attname not in ("id", "tenant_id", "name", "is_active", "next_evaluation_at")
    }
    rules = (
        {**same, "name": f"alertrule-seed-{n}", "is_active": False, "next_evaluation_at": LATER}
        for n in numbers
    )
    add(world, AlertRule, rules)
    model = world.row("alert")
    same = {
        field.attname: getattr(model, field.attname)
        for field in Alert._meta.concrete_fields
        if field.attname not in ("id", "tenant_id", "rule_name", "day")
    }
    alerts = (
        {**same, "rule_name": f"alert-seed-{n}", "day": NOW.date() - timedelta(days=n + 1)}
        for n in numbers
    )
    add(world, Alert, alerts)
