"""The demo's mailbox: what would have been sent, read from the mail folder. Only with DEMO; where
other machines reach it with DEMO_MAILBOX too.
"""

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core.pages import render_page

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of the folder."""

    name: str
    subject: str
    to: str
    date: str
    body: str = ""


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    mails = [_read(path) for path in _files()[:SHOWN]]
    return render_page(request, "config/dev_mailbox.html", {"mails": mails})


@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    path = next((path for path in _files() if path.name == name), None)
    if path is None:
        raise Http404
    return render_page(request, "config/dev_mail.html", {"mail": _read(path)})


def _files() -> list[Path]:
    if not settings.SHOWS_MAIL:
        raise Http404
    folder = Path(settings.MAIL_DIR)
    found = folder.glob("*.log") if folder.is_dir() else []
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)


def _read(path: Path) -> Mail:
    raw = path.read_bytes().split(b"\n" + b"-" * 79)[0]
    parsed = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    part = parsed.get_body(("plain",))
    return Mail(
        name=path.name,
        subject=str(parsed["Subject"] or ""),
        to=str(parsed["To"] or ""),
        date=str(parsed["Date"] or ""),
        body=part.get_content() if part else "",
    )
