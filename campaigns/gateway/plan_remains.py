"""The plan of removing what a failed or held change left paused at the platform."""

from django.utils.translation import gettext as _

from campaigns.commands import RemoveRemains
from campaigns.dispatch.orphans import orphans
from campaigns.domain.steps import StepPlan
from campaigns.gateway.plan import Plan, Subject
from campaigns.models import Dispatch, DispatchStep
from core.errors import ConflictError, NotFoundError
from core.ids import decode

_LOCAL = {"external_id": "", "status": "DRAFT", "effective_status": "DRAFT"}


def plan_remove_remains(command: RemoveRemains, subject: Subject) -> Plan:
    """Delete from the inside out; our rows become local again as each is gone.

    Raises ConflictError `nothing_to_remove`, and `in_flight` while another change of the campaign
    is under way.
    """
    campaign = subject.parent
    key = decode("job", command.job_id)
    job = Dispatch.objects.filter(pk=key, campaign_id=campaign.id).first()
    if job is None:
        raise NotFoundError
    left = orphans(job) if job.needs_person and job.state in ("failed", "held") else []
    if not left:
        raise ConflictError(_("Nothing is left to remove."), code="nothing_to_remove")
    if any(other.pk != job.pk for other in subject.open):
        raise ConflictError(_("Another change of the campaign is under way."), code="in_flight")
    whole = any(step.object_type == "campaign" for step in left)
    return Plan(
        target_type="campaign",
        target_id=campaign.id,
        target_name=campaign.name,
        before={"at_platform": [step.external_id for step in left]},
        after={"at_platform": []},
        is_local=False,
        event="ads.write.removed",
        steps=tuple(_deletion(step) for step in left),
        exposure_target=0 if whole else None,
    )


def _deletion(step: DispatchStep) -> StepPlan:
    return StepPlan(
        kind="set_status",
        object_type=step.object_type,
        object_id=step.object_id,
        params={"status": "DELETED"},
        apply=_LOCAL | {"issues": []},
    )
