"""T1 once more with every REST route as a part of a batch: a neighbour's ids in path and body
answer as ids that do not exist, lists name nothing of his, and his rows stay as they are.
"""

import json
from itertools import batched, combinations

import pytest

from config import parts
from config.faces.batch import MOST_PARTS
from core.tenancy import tenant_tx
from tests.bars.matrix import NOISE, Caller, snapshot
from tests.batches import post_batch, send_in_batch
from tests.routes import ROUTES
from tests.routewalk import fill
from tests.world import KINDS, make_world

pytestmark = [pytest.mark.bar, pytest.mark.django_db]
REST = sorted(key for key in ROUTES if " /v1/" in key)
FOREIGN, MISSING = "foreign", "missing"


def is_refused(key):
    """Links that carry their own token, batches, and changes that need no key."""
    row = ROUTES[key]
    return (
        key == "POST /v1/batch"
        or row.scope == "page"
        or (row.scope == "public" and not key.startswith("GET "))
    )


@pytest.fixture
def worlds(db):
    made = make_world("acme"), make_world("rival")
    for world in made:
        with tenant_tx(world.cast.tenant.id):
            for kind in KINDS:
                world.row(kind)
    return made


def part(caller, ids, body):
    path = fill(caller.pattern, {**caller.ids(), **ids})
    query = f"?{caller.row.query}" if caller.row.query else ""
    made = {"method": caller.method, "path": path + query}
    if caller.row.body:
        made["body"] = {**caller.row.body(caller.world), **body}
    return made


def questions(key, mine, theirs):
    """(place, foreign or missing, ids, part) of a route; a route that names no object is asked
    once.
    """
    caller = Caller(key, mine)
    row = caller.row
    names = [*row.objects, *row.body_objects]
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            place = "+".join(chosen)
            kinds = {name: (row.objects.get(name) or row.body_objects[name]) for name in chosen}
            for which, make in ((FOREIGN, theirs.id), (MISSING, lambda k: KINDS[k].missing_id())):
                ids = {name: make(kind) for name, kind in kinds.items()}
                in_path = {name: ids[name] for name in chosen if name in row.objects}
                in_body = {name: ids[name] for name in chosen if name in row.body_objects}
                yield place, which, ids, part(caller, in_path, in_body)
    if not names:
        yield "", "", {}, part(caller, {}, {})


def told(answer, ids):
    """Status and body without the request's id and the ids that were asked for."""
    text = json.dumps(answer["body"])
    for value in sorted(ids.values(), key=len, reverse=True):
        text = text.replace(value, "ID")
    return answer["status"], NOISE.sub("", text)


def leaks(mine, theirs):
    """Everything wrong, as sentences, and the number of parts that were sent."""
    asked = [
        (key, *question)
        for key in REST
        if not is_refused(key) and ROUTES[key].scope != "public"
        for question in questions(key, mine, theirs)
    ]
    before, answers, problems = snapshot(theirs), {}, []
    for some in batched(enumerate(asked), MOST_PARTS, strict=False):
        sent = [{"id": str(number), **one[-1]} for number, one in some]
        for (_number, (key, place, which, ids, _part)), answer in zip(
            some, post_batch(mine.token, sent).json()["responses"], strict=True
        ):
            answers[key, place, which] = told(answer, ids)
    marks = theirs.marks()
    for (key, place, which), (status, text) in answers.items():
        if which == FOREIGN and status not in (404, 422):
            problems.append(f"{key}: foreign {place} answers {status}")
        if which == FOREIGN and answers[key, place, MISSING] != (status, text):
            problems.append(f"{key}: foreign and missing {place} differ")
        if any(mark in text for mark in marks):
            problems.append(f"{key}: names the neighbour's")
    if snapshot(theirs) != before:
        problems.append("the neighbour's rows changed")
    return problems, len(asked)


def test_t1_batch_every_route_as_a_part_finds_no_leak(worlds):
    problems, sent = leaks(*worlds)
    print(f"BAR T1 batch {len(REST)} routes in {sent} parts of batches, {len(problems)} leaks")
    assert problems == []
    assert sent > len(REST)


def test_t1_batch_control_parts_under_anothers_key_show(worlds, monkeypatch):
    """What a dispatcher would do that confuses the keys of two batches."""
    mine, theirs = worlds
    real = parts._environ

    def confused(part, batch):
        return {**real(part, batch), "HTTP_AUTHORIZATION": f"Bearer {theirs.token}"}

    monkeypatch.setattr(parts, "_environ", confused)
    problems, _ = leaks(mine, theirs)
    print(f"BAR T1 batch control parts under another's key: {len(problems)} leaks found")
    assert len(problems) > 20


def test_t1_batch_refuses_batches_links_and_keyless_changes(worlds):
    mine, _ = worlds
    before = [snapshot(world) for world in worlds]
    refused = [key for key in REST if is_refused(key)]
    assert len(refused) > 5
    for key in refused:
        caller = Caller(key, mine)
        made = part(caller, {}, {})
        answer = send_in_batch(mine.token, made["method"], made["path"], made.get("body"))
        code = answer.json()["error"]["code"]
        assert (answer.status_code, code) == (422, "not_in_batch"), key
    assert [snapshot(world) for world in worlds] == before
