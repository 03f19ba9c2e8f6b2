"""What a failed or held change left paused at the platform, and when that is over."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import F

from campaigns.dispatch.work import ROWS
from campaigns.models import Campaign, Dispatch, DispatchStep
from core.ids import decode

ORDER = ("ad", "ad_set", "campaign")  # a creative delivers nothing and stays
RUNNING = ("ACTIVE", "COMPLETED")


def orphans(dispatch: Dispatch) -> list[DispatchStep]:
    """The create steps of a Dispatch whose objects still exist, innermost first.

    None once the outermost of them runs: a later change has put them to use.
    """
    return orphans_of([dispatch])[dispatch.pk]


def orphans_of(dispatches: Sequence[Dispatch]) -> dict[UUID, list[DispatchStep]]:
    """`orphans` of several, in as many queries as of one."""
    made = DispatchStep.objects.filter(
        dispatch__in=dispatches, state="done", kind__startswith="create_", object_type__in=ORDER
    )
    found: dict[UUID, list[DispatchStep]] = {dispatch.pk: [] for dispatch in dispatches}
    for step in made.order_by("dispatch_id", "seq"):
        found[step.dispatch_id].append(step)
    statuses = _statuses([step for steps in found.values() for step in steps])
    return {key: _left(steps, statuses) for key, steps in found.items()}


def _left(steps: list[DispatchStep], statuses: dict[tuple[UUID, str], str]) -> list[DispatchStep]:
    left = [step for step in steps if (step.object_id, step.external_id) in statuses]
    left.sort(key=lambda step: ORDER.index(step.object_type))
    if not left or statuses[left[-1].object_id, left[-1].external_id] in RUNNING:
        return []
    return left


def _statuses(steps: list[DispatchStep]) -> dict[tuple[UUID, str], str]:
    """Row and id at the platform → our status, of rows that are not deleted."""
    found: dict[tuple[UUID, str], str] = {}
    for kind in ORDER:
        keys = [step.object_id for step in steps if step.object_type == kind]
        rows = ROWS[kind].objects.filter(pk__in=keys).exclude(status="DELETED")
        found |= {
            (row[0], row[1]): row[2] for row in rows.values_list("pk", "external_id", "status")
        }
    return found


def settle(dispatch: Dispatch) -> None:
    """A finished removal or launch ends what waited at the desk for it.

    Runs in the transaction that finishes the Dispatch.
    """
    waiting = Dispatch.objects.filter(campaign_id=dispatch.campaign_id, needs_person=True)
    if dispatch.command_kind == "launch_campaign":
        waiting.filter(command_kind="launch_campaign", state="failed").update(needs_person=False)
    elif dispatch.command_kind == "remove_remains":
        waiting.filter(pk=decode("job", dispatch.command["job_id"])).update(needs_person=False)
        stopped = Campaign.objects.filter(
            pk=dispatch.campaign_id, effective_status__in=["HELD", "LAUNCH_FAILED"]
        )
        stopped.update(effective_status=F("status"), issues=[])
