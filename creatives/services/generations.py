"""A generation begins: what is asked for is checked, its credits are held, a row says so."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Business
from accounts.queries import business_for
from accounts.services.evidence import record_audit
from billing.credits import reserve
from core.actors import Actor
from core.errors import InvalidError
from core.ids import encode, new_uuid
from core.queue import ring
from core.tenancy import tenant_tx
from creatives.domain.limits import LENGTHS, placements_of
from creatives.domain.outside import plain_text
from creatives.domain.spans import has_content
from creatives.models import Generation
from creatives.providers import choosing
from creatives.providers.local import LANGUAGES, NAME

BELL = "creatives.generate"
INLINE_LEASE = timedelta(minutes=2)
_CAPS = {"product_description": 2000, "target_audience": 300, "prompt": 1000}


def start(
    actor: Actor, kind: str, asked: Mapping[str, Any], *, business_id: str, now: datetime
) -> Generation:
    """Hold the credits and write the row. `asked` holds the request's other fields, JSON values.

    Copy alone is held by the caller, who goes on with `running.run_inline` once this has been
    committed; the loop takes over where that never happens. Raises InvalidError, NotFoundError, or
    AppError `plan_limit_reached`.
    """
    wanted = _plain(asked)
    inline = is_inline(kind, wanted)
    with tenant_tx(actor.tenant_id):
        business = business_for(actor, business_id)
        _check(kind, wanted, business)
        generation_id = new_uuid()
        public_id = encode("gen", generation_id)
        amount = cost(wanted)
        row: Generation = Generation.objects.create(
            id=generation_id,
            tenant_id=actor.tenant_id,
            business=business,
            environment=business.environment,
            kind=kind,
            input=wanted,
            provider=wanted["provider"],
            reservation_id=reserve(
                "generation", amount, public_id, now, environment=business.environment
            ),
            credits_reserved=amount,
            attempts=1 if inline else 0,
            next_attempt_at=now + INLINE_LEASE if inline else now,
            created_by=actor.id,
            created_at=now,
        )
        ring(BELL)
        record_audit(
            actor,
            "generation.requested",
            now=now,
            target_type="generation",
            target_id=public_id,
            business_id=business.pk,
            facts={"kind": kind, "credits": amount},
        )
    return row


def is_inline(kind: str, wanted: Mapping[str, Any]) -> bool:
    """Whether the request itself makes it: copy alone does not take long."""
    return kind == "text" or (kind == "variations" and not wanted["include_images"])


def cost(wanted: Mapping[str, Any]) -> int:
    """Credits of a request: one a variation of copy, one an image."""
    return int(wanted["count"]) * (2 if wanted.get("include_images") else 1)


def _plain(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: plain_text(value, most=_CAPS[name]) if name in _CAPS else value
        for name, value in asked.items()
    }


def _check(kind: str, wanted: Mapping[str, Any], business: Business) -> None:
    subject = "prompt" if kind == "image" else "product_description"
    if not has_content(wanted[subject]):
        raise InvalidError(
            _("Say in words what it is about; addresses and markup do not count."), field=subject
        )
    images = choosing.image_providers(
        wanted["provider"] if kind == "image" else wanted.get("image_provider", choosing.AUTO),
        environment=business.environment,
    )
    if (kind == "image" or wanted.get("include_images")) and not images:
        raise _unusable("provider" if kind == "image" else "image_provider", business)
    if kind == "image":
        return
    if (wanted["platform"], wanted["placement"]) not in LENGTHS:
        raise InvalidError(
            _("%(platform)s has no placement %(placement)s.") % dict(wanted),
            field="placement",
            details={"allowed": list(placements_of(wanted["platform"]))},
        )
    writers = choosing.text_providers(wanted["provider"], environment=business.environment)
    if not writers:
        raise _unusable("provider", business)
    _check_language([one.name for one in writers], wanted["language"])


def _unusable(field: str, business: Business) -> InvalidError:
    usable = sorted(choosing.configured()) if business.environment == "live" else []
    return InvalidError(
        _("This provider has no key here, or the business is a test one."),
        field=field,
        code="provider_not_configured",
        details={"usable": [*usable, NAME]},
        hint=_("Send auto or local, or ask the operator for a key of that provider."),
    )


def _check_language(writers: Sequence[str], language: str) -> None:
    if list(writers) == [NAME] and language not in LANGUAGES:
        raise InvalidError(
            _("The local provider does not write this language."),
            field="language",
            code="language_not_available",
            details={"allowed": list(LANGUAGES)},
            hint=_("Choose one of those, or ask the operator for a key of another provider."),
        )
