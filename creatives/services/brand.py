"""How a business wants its copy and images."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Business
from accounts.services.evidence import record_audit
from core.actors import Actor
from core.ids import encode
from core.tenancy import tenant_tx
from creatives.models import Asset, BrandRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The rules as a whole; what is left out is empty."""

    voice: str = ""
    banned_words: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    logo: Asset | None = None


def set_brand_rules(
    actor: Actor, business: Business, wanted: Wanted, *, now: datetime
) -> BrandRules:
    """Replace a business's brand rules."""
    values = {
        "voice": wanted.voice,
        "banned_words": list(wanted.banned_words),
        "colors": list(wanted.colors),
        "logo": wanted.logo,
        "updated_at": now,
    }
    with tenant_tx(actor.tenant_id):
        row: BrandRules = BrandRules.objects.update_or_create(
            business=business,
            defaults=values,
            create_defaults={"tenant_id": actor.tenant_id, **values},
        )[0]
        record_audit(
            actor,
            "brand_rules.changed",
            now=now,
            target_type="business",
            target_id=encode("biz", business.pk),
            business_id=business.pk,
            facts={"banned_words": len(wanted.banned_words), "colors": len(wanted.colors)},
        )
    return row
