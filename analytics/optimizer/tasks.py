"""Background work of rules: the periodic task only finds and enqueues."""

from typing import Any
from uuid import UUID

import structlog
from celery import shared_task

from analytics.optimizer.services import evaluation
from core import clock
from core.tasks import TenantTask

log = structlog.get_logger(__name__)


@shared_task(name="optimizer.evaluate_due")
def evaluate_due(**_: Any) -> int:
    """Enqueue every rule that is to be judged again."""
    due = evaluation.due_rules(clock.now())
    for tenant_id, rule_id in due:
        evaluate_rule.delay(tenant_id=str(tenant_id), rule_id=str(rule_id))
    return len(due)


@shared_task(name="optimizer.evaluate_rule", base=TenantTask)
def evaluate_rule(*, tenant_id: UUID, rule_id: UUID, **_: Any) -> None:
    """Judge one rule, unless an earlier message has done so since."""
    now = clock.now()
    if (tenant_id, rule_id) not in evaluation.due_rules(now):
        return
    result = evaluation.evaluate_rule(tenant_id, rule_id, now=now)
    log.info("rule_evaluated", rule=str(rule_id), result=result)
