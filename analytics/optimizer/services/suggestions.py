"""Storing what is suggested, and carrying one suggestion out through the gate."""

from dataclasses import asdict
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.services.evidence import record_audit
from analytics.optimizer.models import StoredSuggestion
from analytics.optimizer.queries import get_suggestion
from analytics.optimizer.services.suggest import Findings, Suggestion, findings
from campaigns.commands import restore
from campaigns.gateway import Outcome, submit
from campaigns.models import Ad, AdSet, Campaign
from campaigns.queries import get_ad, get_ad_set, get_campaign
from core.actors import Actor
from core.errors import ConflictError
from core.ids import encode, new_uuid
from core.tenancy import tenant_tx

LIFE = timedelta(hours=24)


def make_suggestions(
    actor: Actor, campaign_id: str, strategies: tuple[str, ...], *, now: datetime
) -> tuple[Campaign, list[StoredSuggestion], dict[str, str]]:
    """Look for changes and keep them for 24 hours; one that still stands keeps its id. Returns the
    campaign, the suggestions, and the reason of each strategy that has none.
    """
    with tenant_tx(actor.tenant_id):
        campaign = get_campaign(actor, campaign_id, lock=True)
        found: Findings = findings(campaign, strategies, now=now)
        rows = [_kept(campaign, one, now=now) for one in found.suggestions]
        if rows:
            record_audit(
                actor,
                "suggestion.made",
                now=now,
                target_type="campaign",
                target_id=encode("camp", campaign.pk),
                business_id=campaign.business_id,
                facts={"suggestions": [encode("sug", row.pk) for row in rows]},
            )
    return campaign, rows, found.nothing


def _kept(campaign: Campaign, one: Suggestion, *, now: datetime) -> StoredSuggestion:
    said = {
        "type": one.type,
        "impact": one.impact,
        "description": one.description,
        "evidence": one.evidence,
        "target_type": one.command.target_type,
        "target_id": one.target.pk,
        "target_version": one.target.version,
        "command_kind": one.command.kind,
        "command": one.command.payload(),
        "expires_at": now + LIFE,
    }
    row: StoredSuggestion
    row, _made = StoredSuggestion.objects.update_or_create(
        campaign=campaign,
        command_digest=one.command.digest,
        applied_at=None,
        defaults=said,
        create_defaults={
            **said,
            "id": new_uuid(),
            "tenant_id": campaign.tenant_id,
            "business_id": campaign.business_id,
            "environment": campaign.environment,
            "created_at": now,
        },
    )
    return row


def apply_suggestion(
    actor: Actor, public_id: str, *, now: datetime, rationale: str = ""
) -> Outcome:
    """Submit the suggestion's command in the actor's name. A second call answers what the first
    did; a denial leaves the suggestion open.

    Raises NotFoundError, ConflictError `suggestion_expired` and `suggestion_stale` (the object has
    changed since), and what submit raises.
    """
    with tenant_tx(actor.tenant_id):
        row = get_suggestion(actor, public_id, lock=True)
        if row.applied_at is not None:
            return Outcome(**{**row.answer, "duplicate": True})
        _check_fresh(actor, row, now=now)
        command = restore(row.command_kind, {**row.command, "group_id": encode("sug", row.pk)})
        outcome = submit(
            command,
            actor=actor,
            now=now,
            rationale=rationale or row.description,
            rationale_source="" if rationale else "optimizer",
        )
        if not outcome.is_denied:
            row.applied_at, row.applied_by, row.answer = now, actor.id, asdict(outcome)
            row.save(update_fields=["applied_at", "applied_by", "answer"])
    return outcome


def _check_fresh(actor: Actor, row: StoredSuggestion, *, now: datetime) -> None:
    hint = _("Ask again: POST /v1/ai/optimize/suggest.")
    if row.expires_at <= now:
        raise ConflictError(_("The suggestion has expired."), code="suggestion_expired", hint=hint)
    if _target(actor, row).version != row.target_version:
        raise ConflictError(
            _("The object has changed since the suggestion was made."),
            code="suggestion_stale",
            hint=hint,
        )


def _target(actor: Actor, row: StoredSuggestion) -> Campaign | AdSet | Ad:
    if row.target_type == "ad":
        return get_ad(actor, row.target_id)
    if row.target_type == "ad_set":
        return get_ad_set(actor, row.target_id)
    return get_campaign(actor, row.target_id)
