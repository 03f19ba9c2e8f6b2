"""Mail about proposals to those who may decide them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import Membership
from accounts.services.mail import queue_mail
from campaigns.domain.deciding import in_chain, may_decide
from campaigns.models import PendingAction
from campaigns.presenters.actions import inbox_url
from campaigns.presenters.kinds import KINDS
from campaigns.queries.pending import TENANTS_WITH_DUE_APPROVALS
from core.ids import encode
from core.tenancy import tenant_tx

SINGLE = 3  # proposals of a business mailed one by one in each WINDOW; the rest share a mail
WINDOW = timedelta(minutes=10)
NEWEST = timedelta(days=1)  # what waited longer without a mail has its reminder
HORIZON = timedelta(days=400)
BATCH = 500
SHOWN = 20


def announce_due(now: datetime) -> int:
    """Mail each new proposal once; returns how many were told of."""
    told = 0
    for found in TENANTS_WITH_DUE_APPROVALS.rows(until=now + HORIZON):
        tenant_id = found["tenant_id"]
        with tenant_tx(tenant_id, readonly=True):
            waits = _unannounced(now).exists()
        if waits:
            told += _announce(tenant_id, now)
    return told


def _unannounced(now: datetime) -> QuerySet[PendingAction]:
    rows: QuerySet[PendingAction] = PendingAction.objects.filter(
        status="pending", announced_at=None, created_at__gt=now - NEWEST
    )
    return rows


def _announce(tenant_id: UUID, now: datetime) -> int:
    with tenant_tx(tenant_id):
        rows = _unannounced(now).select_related("business").order_by("created_at", "id")
        found: dict[UUID, list[PendingAction]] = defaultdict(list)
        for row in rows.select_for_update(of=("self",), skip_locked=True, no_key=True)[:BATCH]:
            found[row.business_id].append(row)
        return sum(_announce_business(rows, now) for rows in found.values())


def _announce_business(rows: list[PendingAction], now: datetime) -> int:
    """The first few at once and alone; what had to wait goes out together."""
    mails = [rows]
    if rows[0].created_at > now - WINDOW:
        lately = PendingAction.objects.filter(
            business_id=rows[0].business_id, announced_at__gt=now - WINDOW
        )
        mails = [[row] for row in rows[: max(SINGLE - lately.count(), 0)]]
    for mail in mails:
        mail_deciders(mail, "approval_requested", now=now)
    told = [row.pk for mail in mails for row in mail]
    count: int = PendingAction.objects.filter(pk__in=told).update(announced_at=now)
    return count


def mail_deciders(rows: Sequence[PendingAction], template: str, *, now: datetime) -> None:
    """Queue one mail about proposals of one business to each person who may decide any of them."""
    people = Membership.objects.filter(
        user__is_active=True, user__email_verified_at__isnull=False
    ).select_related("user")
    for member in people.order_by("id"):
        if member.business_ids and str(rows[0].business_id) not in member.business_ids:
            continue
        theirs = [row for row in rows if _decides(member, row)]
        if theirs:
            queue_mail(template, member.user.email, _context(theirs), now=now)


def _decides(member: Membership, row: PendingAction) -> bool:
    reaches = may_decide(
        is_person=True, role=member.role, has_scope=False, proposer_kind=row.proposer_kind
    )
    return reaches and not in_chain(
        is_person=True,
        actor_id=encode("user", member.user_id),
        roots=(),
        proposer_id=row.proposer_id,
        chain=row.proposer_chain,
    )


def _context(rows: Sequence[PendingAction]) -> dict[str, object]:
    alone = inbox_url(encode("pa", rows[0].id)) if len(rows) == 1 else ""
    return {
        "business": rows[0].business.name,
        "is_test": rows[0].environment == "test",
        "count": len(rows),
        "items": [
            {
                "what": str(KINDS[row.command_kind]),
                "target": row.target_name,
                "proposer": row.proposer_label,
            }
            for row in rows[:SHOWN]
        ],
        "more": max(len(rows) - SHOWN, 0),
        "expires": f"{min(row.expires_at for row in rows):%Y-%m-%d %H:%M} UTC",
        "link": alone or f"{settings.PUBLIC_URL}/inbox/",
    }
