"""L2, L4, L5: what models answer is data; cost stays under its cap; outside text is harmless."""

import copy
import json
import random
import threading

import pytest

from accounts.models import OutboxEvent
from billing.credits import balance
from billing.queries import current_plan
from campaigns.models import Dispatch
from core.errors import AppError
from core.tenancy import tenant_tx
from creatives.domain.copywriting import CopyBrief, InvalidCopyError, read_copy
from creatives.domain.limits import LENGTHS, TEXT_TYPES
from creatives.domain.outside import is_plain_text, plain_text
from creatives.models import Generation
from creatives.providers.base import ProviderError, decoded
from creatives.services import running
from creatives.services.generations import start
from creatives.services.making import MakingError
from tests.bars.threads import TOGETHER, race
from tests.cast import NOW

pytestmark = pytest.mark.bar

BRIEF = CopyBrief(
    description="Handmade oak chairs", audience="", tone="bold", language="en",
    platform="facebook", placement="feed", types=TEXT_TYPES, count=2,
    lengths=LENGTHS["facebook", "feed"], banned=("cheap",),
)  # fmt: skip
GOOD = {
    "variations": [
        {"headline": "Oak chairs", "primary_text": "Made by hand.", "description": "Sit well"},
        {"headline": "Chairs of oak", "primary_text": "By hand.", "description": "Sit down"},
    ]
}
NASTY = [
    None, True, -1, 1e9, float("nan"), float("inf"), "", " ", "\u202e", "\U000e0041", "\x00",
    "x" * 70_000,
    "<script>alert(1)</script>", "![x](https://evil.example/p.png)", "https://evil.example",
    "cheap", [], {}, [[]], {"headline": "x"}, ["Oak"], {"budget": 1e9}, "\ud800", "é" * 126,
]  # fmt: skip


def nasty(rng):
    return copy.deepcopy(rng.choice(NASTY))


def mutated(rng):
    """One broken answer: values, keys, counts and nesting changed, or its text cut or wrapped."""
    answer = copy.deepcopy(GOOD)
    for _ in range(rng.randint(1, 3)):
        rows = answer["variations"] if isinstance(answer.get("variations"), list) else []
        row = rng.choice(rows) if rows else {}
        match rng.randrange(7):
            case 0 if isinstance(row, dict) and row:
                row[rng.choice(list(row))] = nasty(rng)
            case 1 if isinstance(row, dict):
                row[rng.choice(["id", "budget", "campaign_id", "__class__"])] = nasty(rng)
            case 2 if isinstance(row, dict) and row:
                row.pop(rng.choice(list(row)))
            case 3 if rows:
                rows += [copy.deepcopy(rng.choice(rows)) for _ in range(rng.choice([1, 60]))]
            case 4:
                answer["variations"] = nasty(rng)
            case 5:
                answer[rng.choice(["actions", "tool", ""])] = nasty(rng)
            case _:
                rows.append(nasty(rng))
    return answer


def as_text(rng, answer):
    text = json.dumps(answer)
    match rng.randrange(8):
        case 0:
            return text[: rng.randrange(len(text))]
        case 1:
            return f"Here you are:\n```json\n{text}\n```"
        case 2:
            return "[" * 60_000 + text
        case _:
            return text


def test_l2_broken_answers_are_refused_and_nothing_else():
    rng = random.Random(2)
    other: list[str] = []
    shown = taken = 0
    for _ in range(10_000):
        try:
            found = read_copy(decoded(as_text(rng, mutated(rng))), BRIEF)
        except (InvalidCopyError, ProviderError):
            continue
        except Exception as error:
            other.append(type(error).__name__)
            continue
        taken += 1
        for one in found:
            for name, text in one.model_dump().items():
                shown += len(text) > BRIEF.lengths.of(name) or not is_plain_text(text)
    print(
        f"BAR L2 10,000 malformed answers: {len(other)} other exceptions, {shown} bad texts shown"
    )
    assert (other, shown) == ([], 0)
    assert taken < 2_000  # what is left whole by its mutations
    assert len(read_copy(copy.deepcopy(GOOD), BRIEF)) == 2


def test_l2_control_cutting_json_out_of_text_shows_bad_ones():
    rng = random.Random(2)
    shown = 0
    for _ in range(1_000):
        text = as_text(rng, mutated(rng))
        try:
            rows = json.loads(text[text.index("{") : text.rindex("}") + 1])["variations"]
            shown += any(len(row["headline"]) > 40 or "<" in row["headline"] for row in rows)
        except Exception:
            shown += 1
    print(f"BAR L2 control 1,000 answers cut out of text: {shown} fail or show bad texts")
    assert shown > 100


WANTED = {
    "product_description": "Handmade oak chairs", "target_audience": "", "tone": "bold",
    "platform": "facebook", "placement": "feed", "language": "en", "types": list(TEXT_TYPES),
    "provider": "local", "count": 1,
}  # fmt: skip


def test_l4_parallel_generations_stay_under_the_cap(acme_committed, monkeypatch):
    cast = acme_committed
    real = running._make

    def sometimes(job, **kwargs):
        if job.id.int % 2:
            raise MakingError("provider_refused")
        return real(job, **kwargs)

    monkeypatch.setattr(running, "_make", sometimes)

    def generate(_number):
        row = start(cast.agent, "text", WANTED, business_id="", now=NOW)
        running.run_inline(cast.tenant.id, row.pk, now=NOW)
        return row.pk

    with tenant_tx(cast.tenant.id, readonly=True):
        cap = current_plan().generations_per_month
    answers = race(TOGETHER, generate)
    refused = [one for one in answers if isinstance(one, AppError)]
    assert all(one.code == "plan_limit_reached" for one in refused)
    assert [one for one in answers if isinstance(one, Exception) and one not in refused] == []
    with tenant_tx(cast.tenant.id, readonly=True):
        left = balance("generation", NOW, environment="test")
        rows = list(Generation.objects.all())
        failed = sum(row.status == "failed" for row in rows)
        spent = sum(row.credits_used for row in rows)
        assert OutboxEvent.objects.filter(event_type="generation.completed").count() == len(rows)
    print(
        f"BAR L4 {TOGETHER} at once, cap {cap}: {spent} spent, {failed} failed and given back,"
        f" {left.reserved} still held, {len(refused)} refused"
    )
    assert len(rows) + len(refused) == TOGETHER
    assert left.used == spent == len(rows) - failed <= cap
    assert (left.reserved, left.remaining) == (0, cap - spent)


def test_l4_control_counting_before_the_work_runs_over(acme_committed):
    done: list[int] = []

    def generate(number):
        if len(done) < 10:
            threads_meet.wait(timeout=30)
            done.append(number)

    threads_meet = threading.Barrier(TOGETHER)
    race(TOGETHER, generate)
    print(f"BAR L4 control count first, add later: {len(done)} of a cap of 10")
    assert len(done) > 10


HIDDEN = [
    "\u202e", "\u2066", "\u200b", "\u200e", "\u061c", "\u00ad", "\ufeff", "\U000e0041",
    "\U000e0100", "\ufe0f", "\x07", "\x9b", "\u2028", "\ue000",
]  # fmt: skip
MARKUP = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b>", "</b", "<!-- x -->",
    "![pixel](https://evil.example/p.png)", "[click](javascript:alert(1))",
    "https://evil.example/x", "javascript:alert(1)", "www.evil.example",
]  # fmt: skip


def test_l5_nothing_hidden_and_no_markup_survives():
    rng = random.Random(5)
    survived = 0
    for _ in range(3_000):
        parts = [rng.choice([*HIDDEN, *MARKUP, "Oak chairs", "for", "homes."]) for _ in range(12)]
        text = plain_text(rng.choice(["", " "]).join(parts), most=500)
        bad = [one for one in HIDDEN if one in text]
        bad += [
            one for one in ("<", ">", "](", "://", "javascript:alert", "www.evil") if one in text
        ]
        survived += bool(bad) or len(text) > 500
        assert plain_text(text, most=500) == text
    print(f"BAR L5 3,000 texts of hidden characters and markup: {survived} survive")
    assert survived == 0
    joined = "\u0645\u06cc\u200c\u062e"  # Persian letters around a joiner
    assert plain_text(joined, most=50) == joined


def test_l5_control_stripping_blanks_alone_lets_them_through():
    text = " ".join([*HIDDEN[:3], *MARKUP]).strip()
    left = [one for one in [*HIDDEN, *MARKUP] if one in text]
    print(f"BAR L5 control strip(): {len(left)} kinds survive")
    assert len(left) > 5


@pytest.mark.django_db
def test_l2_no_answer_reaches_dispatch(acme, monkeypatch):
    """Whatever comes back, the generation is failed, its credit is back and nothing is sent."""
    rng = random.Random(9)
    for _ in range(30):
        answer = mutated(rng)
        monkeypatch.setattr(
            "creatives.providers.local.LocalText.write", lambda *_, answer=answer: answer
        )
        row = start(acme.agent, "text", {**WANTED, "count": 2}, business_id="", now=NOW)
        running.run_inline(acme.tenant.id, row.pk, now=NOW)
        with tenant_tx(acme.tenant.id, readonly=True):
            row = Generation.objects.get(pk=row.pk)
            assert row.status in ("failed", "completed")
            if row.status == "completed":
                break
            assert (row.error_code, row.credits_used, row.variations) == ("invalid_output", 0, [])
            assert Dispatch.objects.count() == 0
            assert balance("generation", NOW, environment="test").remaining == 10
