"""Mail to people: queued in the caller's transaction, sent by a loop, text and HTML from one
template.

A template `mail/<name>.txt` holds the partials `subject` and `text`. Codes and claim links are
made at the moment of sending, so that none is ever stored.
"""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.db.models import F
from django.template import Context, Engine
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import OutgoingMail, User
from accounts.services import codes
from accounts.services.loops import Turns
from core import clock, queue

log = structlog.get_logger(__name__)
BELL = "mail.send"
MAX_ATTEMPTS = 8
LEASE = timedelta(minutes=5)
BATCH = 50
BEAT_S = 15.0


def mail_context(mail: OutgoingMail) -> str:
    """What a mail's sealed content is bound to."""
    return f"mail:{mail.recipient}"


def queue_mail(template: str, to: str, context: Mapping[str, Any], *, now: datetime) -> None:
    """Queue `mail/<template>.txt` for one recipient; it leaves after this transaction commits.

    `context` holds JSON values and is sealed at rest.
    """
    mail = OutgoingMail(template=template, recipient=to, created_at=now, next_attempt_at=now)
    mail.context = settings.KEY_RING.encrypt(json.dumps(dict(context)), context=mail_context(mail))
    mail.save(force_insert=True)
    queue.ring(BELL)


def send_due(now: datetime) -> int:
    """Send everything due and return how many mails left. A failed one is retried with growing
    gaps, eight times.
    """
    sent = 0
    due = OutgoingMail.objects.filter(next_attempt_at__lte=now).order_by("next_attempt_at")
    for row in due[:BATCH]:
        claimed = OutgoingMail.objects.filter(
            pk=row.pk, next_attempt_at=row.next_attempt_at
        ).update(next_attempt_at=now + LEASE, attempts=F("attempts") + 1)
        if claimed:
            sent += _send(row, now)
    return sent


def _send(row: OutgoingMail, now: datetime) -> int:
    try:
        message = _compose(row, now)
        if message is not None:
            message.send()
    except Exception:
        log.exception("mail_failed", template=row.template, attempt=row.attempts + 1)
        if row.attempts + 1 < MAX_ATTEMPTS:
            gap = timedelta(seconds=30 * 4**row.attempts)
            OutgoingMail.objects.filter(pk=row.pk).update(next_attempt_at=now + gap)
            return 0
        message = None
    OutgoingMail.objects.filter(pk=row.pk).delete()
    return 1 if message is not None else 0


def _compose(row: OutgoingMail, now: datetime) -> EmailMultiAlternatives | None:
    context = json.loads(settings.KEY_RING.decrypt(row.context, context=mail_context(row)))
    prepare = PREPARED.get(row.template)
    if prepare is not None:
        context = prepare(row.recipient, context, now)
    return None if context is None else render(row.template, row.recipient, context)


def render(template: str, to: str, context: Mapping[str, Any]) -> EmailMultiAlternatives:
    """The finished message of `mail/<template>.txt`, with an HTML part made of the same text."""
    values = {**context, "public_url": settings.PUBLIC_URL}
    subject = " ".join(_plain(f"{template}.txt#subject", values).split())
    text = _plain(f"{template}.txt#text", values).strip() + "\n"
    message = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, [to])
    html = render_to_string("mail/frame.html", {"subject": subject, "text": text})
    message.attach_alternative(html, "text/html")
    return message


def _plain(name: str, values: Mapping[str, Any]) -> str:
    """A partial as text: what stands around its definition, `autoescape off` too, does not count
    when it is rendered alone.
    """
    template = Engine.get_default().get_template(f"mail/{name}")
    return str(template.render(Context(dict(values), autoescape=False)))


def _with_code(email: str, context: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    user = User.objects.filter(email=email).first()
    if user is None or user.email_verified_at is not None:
        return None
    return {**context, "name": user.first_name, "code": codes.issue_code(user, now=now)}


def _with_claim_link(email: str, context: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    user = User.objects.filter(email=email).first()
    if user is None or user.is_claimed:
        return None
    token = codes.issue_claim_token(user, now=now)
    link = f"{settings.PUBLIC_URL}{reverse('claim')}?token={token}"
    return {**context, "name": user.first_name, "link": link}


def _with_reset_link(email: str, context: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """An unclaimed account gets its claim link: both prove the mailbox and set a password."""
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None:
        return {**context, "link": ""}
    if not user.is_claimed:
        queue_mail("claim", email, {}, now=now)
        return None
    token = codes.reset_token(user)
    return {**context, "name": user.first_name, "link": codes.reset_link(token), "token": token}


PREPARED: dict[str, Callable[[str, dict[str, Any], datetime], dict[str, Any] | None]] = {
    "verify_code": _with_code,
    "claim": _with_claim_link,
    "password_reset": _with_reset_link,
}


def run_forever(stop: threading.Event) -> None:
    """Send mails as the bell rings, and on the loop's own beat, until `stop` is set."""
    turns = Turns("mail")
    while not stop.is_set():
        try:
            while send_due(clock.now()):
                turns.good(clock.now())
            turns.good(clock.now())
        except Exception:
            log.exception("mail_loop_failed")
            connection.close()
        queue.wait(BELL, BEAT_S)
