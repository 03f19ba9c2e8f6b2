"""The durable intent: rows written in the gate's transaction, carried out later by the loop."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Verdict
from campaigns.domain.steps import StepPlan
from campaigns.models import Campaign, Dispatch, DispatchStep
from core.actors import Actor
from core.canonical import body_digest
from core.errors import ConflictError
from core.ids import ALPHABET
from core.queue import ring
from core.statements import insert

TAG_LENGTH = 10
TAGGED = frozenset({"create_campaign", "create_ad_set", "create_creative", "create_ad"})


def new_tag() -> str:
    """Ten base32 characters (50 random bits): how a created object is found again."""
    return "".join(secrets.choice(ALPHABET) for _ in range(TAG_LENGTH))


def open_dispatch(
    *,
    verdict: Verdict,
    actor: Actor,
    command_kind: str,
    command: Mapping[str, Any],
    command_digest: str,
    campaign: Campaign,
    target_type: str,
    target_id: UUID,
    steps: Sequence[StepPlan],
    expects: Mapping[str, Any],
    not_before: datetime,
    now: datetime,
    pending_action_id: UUID | None = None,
    survives_kill: bool = False,
    kill_epoch: int = 0,
) -> Dispatch:
    """Write the intent and its steps in the caller's transaction; the loop is rung on commit.

    The Dispatch takes the Verdict's id. Nothing is sent before `not_before`. `expects` holds the
    remote values that were seen when the change was decided. Raises ConflictError for a campaign
    without an ad account and for an empty plan.
    """
    if campaign.ad_account is None:
        raise ConflictError("The campaign has no ad account.", code="choose_ad_account")
    if not steps:
        raise ConflictError("The change needs no call to the platform.", code="nothing_to_send")
    dispatch = Dispatch(
        id=verdict.id,
        tenant_id=campaign.tenant_id,
        business_id=campaign.business_id,
        environment=campaign.environment,
        platform=campaign.ad_account.platform,
        ad_account_id=campaign.ad_account.id,
        campaign_id=campaign.id,
        command_kind=command_kind,
        command=dict(command),
        command_digest=command_digest,
        target_type=target_type,
        target_id=target_id,
        expects=dict(expects),
        actor_kind=actor.kind,
        actor_id=actor.id,
        pending_action_id=pending_action_id,
        kill_epoch=kill_epoch,
        survives_kill=survives_kill,
        next_attempt_at=not_before,
        created_at=now,
    )
    insert(dispatch)
    DispatchStep.objects.bulk_create(_step(dispatch, seq, plan) for seq, plan in enumerate(steps))
    ring("campaigns.kill" if survives_kill else "campaigns.dispatch")
    return dispatch


def _step(dispatch: Dispatch, seq: int, plan: StepPlan) -> DispatchStep:
    canonical = json.dumps({"kind": plan.kind, "params": plan.params}, sort_keys=True)
    return DispatchStep(
        tenant_id=dispatch.tenant_id,
        dispatch=dispatch,
        seq=seq,
        kind=plan.kind,
        object_type=plan.object_type,
        object_id=plan.object_id,
        tag=new_tag() if plan.kind in TAGGED else "",
        params=plan.params,
        apply=plan.apply,
        payload_digest=body_digest(canonical.encode()),
    )
