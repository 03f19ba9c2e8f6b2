"""Plans of pause, resume and archive, for campaigns, ad sets and ads alike."""

from typing import Any

from django.utils.translation import gettext as _

from campaigns import spend
from campaigns.commands import Command
from campaigns.domain.steps import StepPlan
from campaigns.gateway.plan import LocalChange, Plan, Subject, expecting
from campaigns.models import Ad, AdSet, Campaign
from core.errors import ConflictError

_EVENTS = {
    ("campaign", "PAUSED"): "campaign.paused",
    ("campaign", "ACTIVE"): "campaign.resumed",
    ("campaign", "DRAFT"): "campaign.resumed",
    ("campaign", "ARCHIVED"): "campaign.archived",
    ("ad", "PAUSED"): "ad.paused",
}
_GONE = ("ARCHIVED", "DELETED")


def plan_pause(command: Command, subject: Subject) -> Plan:
    """Stop delivery; what runs keeps its budget and can be resumed."""
    node, kind = subject.node, command.target_type
    if subject.is_local:
        if kind == "campaign":
            raise ConflictError(_("The campaign is not launched."), code="not_launched")
        return _local(subject, kind, "PAUSED")
    if node.status in ("PAUSED", *_GONE) and not subject.open:
        return _plan(subject, kind, node.status)
    return _remote(subject, kind, remote="PAUSED", status="PAUSED", expects={})


def plan_resume(command: Command, subject: Subject) -> Plan:
    """Deliver again; an archived object comes back."""
    node, kind = subject.node, command.target_type
    if subject.is_local:
        if kind == "campaign" and node.status == "DRAFT":
            raise ConflictError(
                _("The campaign is not launched."), code="not_launched", hint=_("Launch it.")
            )
        return _local(subject, kind, "DRAFT")
    if node.status == "ACTIVE" and not subject.open:
        return _plan(subject, kind, "ACTIVE")
    values: dict[str, Any] = {}
    if node.external_id and not subject.open:
        values["status"] = "PAUSED"
        if isinstance(node, Campaign):  # raised over there, it would cost what none counted
            values |= {"budget_type": node.budget_type, "budget_micros": node.budget_micros}
    return _remote(subject, kind, remote="ACTIVE", status="ACTIVE", expects=values)


def plan_archive(command: Command, subject: Subject) -> Plan:
    """Archive here and pause at the platform."""
    node, kind = subject.node, command.target_type
    if node.status in _GONE:
        return _plan(subject, kind, node.status)
    if subject.is_local or (node.status != "ACTIVE" and not subject.open):
        return _local(subject, kind, "ARCHIVED", is_local=subject.is_local)
    return _remote(subject, kind, remote="PAUSED", status="ARCHIVED", expects={})


def _plan(subject: Subject, kind: str, status: str, **parts: Any) -> Plan:
    node = subject.node
    changed = status != node.status
    return Plan(
        target_type=kind,
        target_id=node.id,
        target_name=node.name,
        before={"status": node.status} if changed else {},
        after={"status": status} if changed else {},
        event=_EVENTS.get((kind, status), f"{kind}.updated"),
        **{"is_local": subject.is_local, **parts},
    )


def _local(subject: Subject, kind: str, status: str, *, is_local: bool = True) -> Plan:
    node: Campaign | AdSet | Ad = subject.node
    if node.status == status:
        return _plan(subject, kind, status)
    change = LocalChange(type(node), node.id, {"status": status, "effective_status": status})
    return _plan(subject, kind, status, changes=(change,), is_local=is_local)


def _remote(
    subject: Subject, kind: str, *, remote: str, status: str, expects: dict[str, Any]
) -> Plan:
    node = subject.node
    step = StepPlan(
        kind="set_status",
        object_type=kind,
        object_id=node.id,
        params={"status": remote},
        apply={"status": status, "effective_status": status},
    )
    target = None
    if kind == "campaign":
        target = spend.activation_target(subject.parent, subject.open) if remote == "ACTIVE" else 0
    return _plan(
        subject,
        kind,
        status,
        steps=(step,),
        expects=expecting(kind, node.id, expects),
        exposure_target=target,
        is_local=False,
    )
