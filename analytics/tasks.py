"""Background work of analytics: periodic tasks only find and enqueue."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import transaction

from analytics.services import alerting, reports
from core import clock
from core.tasks import TenantTask


@shared_task(name="analytics.make_report", base=TenantTask)
def make_report(*, tenant_id: UUID, report_id: UUID, **_: Any) -> None:
    """Make one report, unless it is made."""
    reports.make(tenant_id, report_id, now=clock.now())


@shared_task(name="analytics.reports_due")
def reports_due(**_: Any) -> int:
    """Enqueue the reports that nobody makes, and forget the expired ones."""
    now = clock.now()
    reports.forget_expired(now)
    due = reports.due(now)
    for tenant_id, report_id in due:
        make_report.delay(tenant_id=str(tenant_id), report_id=str(report_id))
    return len(due)


@shared_task(name="analytics.alerts_due")
def alerts_due(**_: Any) -> int:
    """Enqueue every alert rule that is to be judged again."""
    due = alerting.due_alert_rules(clock.now())
    for tenant_id, rule_id in due:
        judge_alert_rule.delay(tenant_id=str(tenant_id), rule_id=str(rule_id))
    return len(due)


@shared_task(name="analytics.judge_alert_rule", base=TenantTask)
def judge_alert_rule(*, tenant_id: UUID, rule_id: UUID, **_: Any) -> None:
    """Judge one alert rule, unless an earlier message has done so since."""
    now = clock.now()
    if (tenant_id, rule_id) in alerting.due_alert_rules(now):
        alerting.evaluate_alert_rule(tenant_id, rule_id, now=now)


def publish(tenant_id: UUID, report_id: UUID) -> None:
    """Enqueue a report when this transaction has committed. A broker that is away costs the wait
    for `reports_due`, not the request.
    """
    said = {"tenant_id": str(tenant_id), "report_id": str(report_id)}

    def enqueue() -> None:
        make_report.apply_async(kwargs=said, retry=False)

    transaction.on_commit(enqueue, robust=True)
