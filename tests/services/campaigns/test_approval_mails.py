"""Mail about proposals: to whom, how many at once, and the reminder."""

import itertools
import json
from datetime import timedelta

import pytest
from django.conf import settings

from accounts.models import Membership, OutgoingMail, User
from accounts.services.mail import mail_context, render, send_due
from campaigns import approvals
from campaigns.models import PendingAction
from core.actors import Role
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.services.campaigns.stage import act, connect, count, create, fresh, set_modes

DECIDERS = {f"{role}@acme.example" for role in ("owner", "admin", "buyer", "approver")}


@pytest.fixture
def propose(acme):
    """Propose `number` launches."""
    set_modes(acme, structural="draft")
    connect(acme)
    campaign = create(acme).created_id
    serial = itertools.count()

    def make(number):
        made = []
        for _ in range(number):
            outcome = act(acme, "launch_campaign", campaign_id=campaign)
            row = fresh(acme, PendingAction, outcome.pending_action_id)
            change(acme, row, command_digest=f"d{next(serial)}")
            made.append(row)
        return made

    return make


def change(cast, row, **values):
    with tenant_tx(cast.tenant.id):
        PendingAction.objects.filter(pk=row.pk).update(**values)


def mails():
    """Recipient → contexts of the queued mails."""
    found = {}
    for mail in OutgoingMail.objects.order_by("pk"):
        text = settings.KEY_RING.decrypt(mail.context, context=mail_context(mail))
        found.setdefault(mail.recipient, []).append((mail.template, json.loads(text)))
    return found


def test_proposal_is_mailed_once_to_each_who_may_decide(acme, rival, propose):
    (row,) = propose(1)
    assert approvals.announce_due(NOW) == 1
    assert approvals.announce_due(NOW + timedelta(minutes=1)) == 0
    queued = mails()
    assert set(queued) == DECIDERS
    ((template, context),) = queued["buyer@acme.example"]
    assert (template, context["count"], context["is_test"]) == ("approval_requested", 1, True)
    assert context["link"].endswith(f"/inbox/{encode('pa', row.id)}/")
    assert (fresh(acme, PendingAction, row.pk).announced_at, count(rival, PendingAction)) == (
        NOW,
        0,
    )


def test_own_proposal_is_mailed_to_others_only(acme, propose):
    (row,) = propose(1)
    owner = encode("user", acme.people[Role.OWNER].id)
    change(acme, row, proposer_kind="user", proposer_id=owner)
    approvals.announce_due(NOW)
    assert set(mails()) == {"admin@acme.example", "approver@acme.example"}


def test_mail_leaves_out_other_businesses_people_and_unproven_addresses(acme, propose):
    propose(1)
    with tenant_tx(acme.tenant.id):
        User.objects.filter(email="admin@acme.example").update(email_verified_at=None)
        User.objects.filter(email="buyer@acme.example").update(is_active=False)
        rows = Membership.objects.filter(user=acme.people[Role.OWNER])
        rows.update(business_ids=[str(acme.live_business.id)])
    approvals.announce_due(NOW)
    assert set(mails()) == {"approver@acme.example"}


def test_more_than_three_in_ten_minutes_share_a_mail(acme, propose):
    propose(5)
    assert approvals.announce_due(NOW) == 3
    assert approvals.announce_due(NOW + timedelta(minutes=9)) == 0
    assert approvals.announce_due(NOW + timedelta(minutes=10)) == 2
    counts = [context["count"] for _template, context in mails()["approver@acme.example"]]
    assert counts == [1, 1, 1, 2]


def test_decided_proposal_is_not_mailed(acme, propose):
    (row,) = propose(1)
    approvals.reject(encode("pa", row.id), actor=acme.person(Role.APPROVER), now=NOW, comment="No.")
    assert (approvals.announce_due(NOW), mails()) == (0, {})


def test_reminder_is_mailed_once_at_four_fifths_of_the_time(acme, propose):
    (row,) = propose(1)
    life = row.expires_at - row.created_at
    assert approvals.remind_due(NOW + life * 0.79) == 0
    assert approvals.remind_due(NOW + life * 0.8) == 1
    assert approvals.remind_due(NOW + life * 0.9) == 0
    queued = mails()
    assert set(queued) == DECIDERS
    assert [template for template, _ in queued["owner@acme.example"]] == ["approval_reminder"]


def test_mails_say_what_waits_and_where(acme, propose, mailoutbox):
    propose(1)
    approvals.announce_due(NOW)
    assert send_due(NOW) == len(DECIDERS)
    mail = next(mail for mail in mailoutbox if mail.to == ["approver@acme.example"])
    assert mail.subject == "[TEST] A change waits for your decision: acme test"
    assert "- Launch campaign: Summer (acme agent)" in mail.body
    assert f"{settings.PUBLIC_URL}/inbox/pa_" in mail.body
    assert "expires on 2026-11-24 12:00 UTC." in mail.body


def test_digest_counts_what_it_does_not_list():
    items = [{"what": "Pause ad", "target": "A & B", "proposer": ""}]
    context = {"business": "Acme", "count": 25, "items": items, "more": 24, "link": "https://x/"}
    message = render("approval_requested", "a@b.example", {**context, "expires": "soon"})
    assert message.subject == "25 changes wait for your decision: Acme"
    assert "- Pause ad: A & B\n- and 24 more" in message.body
    assert "the first of them expires on soon" in message.body
