"""M9: the whole table of decide(), against a second, independently written statement of it."""

import itertools
import json

import pytest

from campaigns.domain.authority import (
    ENGINE_VERSION,
    CeilingState,
    GateInput,
    GateState,
    decide,
    still_allowed,
)
from campaigns.domain.operations import OPERATIONS

pytestmark = pytest.mark.bar
MODES = ("off", "draft", "auto")
ACTORS = {
    "agent": (False, ""),
    "optimizer": (False, ""),
    "owner": (True, "owner"),
    "admin": (True, "admin"),
    "buyer": (True, "buyer"),
    "approver": (True, "approver"),
    "analyst": (True, "analyst"),
}
KILL_OWN = ("stop_delivery", "restore_delivery")
PERSON_ONLY = (*KILL_OWN, "remove_remains")
PAUSES = tuple(
    f"{verb}_{noun}" for verb in ("pause", "archive") for noun in ("campaign", "ad_set", "ad")
)


def expected(kind, actor, modes, *, killed, local):
    """The table of the documentation, in words: who, what, when."""
    person, role = ACTORS[actor]
    stops = (*PAUSES, "remove_remains")
    if killed and kind != "stop_delivery" and not (person and kind in stops):
        return "deny", "kill_switch_active"
    if person and role in ("approver", "analyst") and kind not in KILL_OWN:
        return "deny", "policy_refused"
    if not person and kind in PERSON_ONLY:
        return "deny", "policy_refused"
    if local:
        return "allow", "local"
    if kind in KILL_OWN:
        return "allow", "kill_switch"
    if person:
        return "allow", "person"
    mine = {modes[axis] for axis in axes_for(kind)}
    if "off" in mine:
        return "deny", "authority_axis_off"
    if "draft" in mine:
        return "queue", "authority_axis_draft"
    return "allow", "authority_axis_auto"


def axes_for(kind):
    operation = OPERATIONS[kind]
    found = set(operation.axes)
    for axes in operation.field_axes.values():
        found |= axes
    return tuple(sorted(axis.value for axis in found))


def gate(kind, actor, modes, *, killed=False, local=False, **more):
    person, role = ACTORS[actor]
    return GateInput(
        **{
            "stage": "submit",
            "kind": kind,
            "axes": axes_for(kind),
            "modes": modes,
            "is_person": person,
            "role": role,
            "is_local": local,
            "kill_engaged": killed,
            "actor_id": actor,
            "target_id": "camp_1",
            **more,
        }
    )


def table():
    for kind, actor, killed, local in itertools.product(
        OPERATIONS, ACTORS, (False, True), (False, True)
    ):
        for creative, tactical, structural in itertools.product(MODES, repeat=3):
            modes = {"creative": creative, "tactical": tactical, "structural": structural}
            yield kind, actor, modes, killed, local


def run(engine):
    wrong = rows = 0
    for kind, actor, modes, killed, local in table():
        decision = engine(gate(kind, actor, modes, killed=killed, local=local))
        wanted = expected(kind, actor, modes, killed=killed, local=local)
        rows += 1
        wrong += (decision.answer.value, decision.reason) != wanted
    return rows, wrong


def test_m9_table_in_full():
    rows, wrong = run(decide)
    print(f"BAR M9 {rows} rows, {wrong} wrong")
    assert (rows, wrong) == (len(OPERATIONS) * 7 * 4 * 27, 0)


def test_m9_control_an_engine_that_takes_the_first_axis_only_is_found():
    def careless(value):
        from dataclasses import replace

        return decide(replace(value, axes=value.axes[:1]))

    rows, wrong = run(careless)
    print(f"BAR M9 control {rows} rows, {wrong} wrong")
    assert wrong > 0


def test_m9_input_survives_its_stored_form():
    for kind, actor, modes, killed, local in itertools.islice(table(), 0, None, 37):
        one = gate(
            kind,
            actor,
            modes,
            killed=killed,
            local=local,
            rise_micros=5,
            ceilings=(CeilingState("business", 10, 7),),
            four_eyes_micros=3,
        )
        again = GateInput.from_json(json.loads(json.dumps(one.as_json())))
        assert again == one
        assert decide(again) == decide(one)
    assert ENGINE_VERSION == 1


AUTO = {"creative": "auto", "tactical": "auto", "structural": "auto"}
OFF = {"creative": "off", "tactical": "off", "structural": "off"}


@pytest.mark.parametrize("actor", ["agent", "owner"])
def test_m9_ceiling_binds_agents_and_persons_alike(actor):
    for rise, used, wanted in ((3, 7, "allow"), (4, 7, "deny"), (0, 99, "allow")):
        one = gate(
            "set_daily_budget",
            actor,
            AUTO,
            rise_micros=rise,
            ceilings=(CeilingState("tenant", 10, used),),
        )
        assert decide(one).answer.value == wanted


def test_m9_four_eyes_makes_a_person_wait():
    one = gate("set_daily_budget", "owner", AUTO, rise_micros=11, four_eyes_micros=10)
    assert (decide(one).answer.value, decide(one).reason) == ("queue", "four_eyes")
    at = gate("set_daily_budget", "owner", AUTO, rise_micros=10, four_eyes_micros=10)
    assert decide(at).answer.value == "allow"


def test_m9_approval_table():
    cases = [
        ({"approver_ok": True}, AUTO, "allow", "approved"),
        ({"approver_ok": False}, AUTO, "deny", "policy_refused"),
        ({"approver_ok": True, "in_chain": True}, AUTO, "deny", "self_approval"),
        ({"approver_ok": True, "stands_behind": True}, AUTO, "allow", "approved"),
        (
            {
                "approver_ok": True,
                "stands_behind": True,
                "rise_micros": 11,
                "four_eyes_micros": 10,
            },
            AUTO,
            "deny",
            "self_approval",
        ),
        ({"approver_ok": True, "kill_engaged": True}, AUTO, "deny", "kill_switch_active"),
        ({"approver_ok": True}, OFF, "deny", "authority_axis_off"),
        ({"approver_ok": True, "proposer_is_person": True}, OFF, "allow", "approved"),
    ]
    for more, modes, answer, reason in cases:
        decision = decide(gate("set_daily_budget", "approver", modes, stage="approve", **more))
        assert (decision.answer.value, decision.reason) == (answer, reason), more


@pytest.mark.parametrize("kind", [kind for kind in OPERATIONS if OPERATIONS[kind].stops])
def test_m9_a_persons_stop_is_never_refused_for_plan_or_ceiling(kind):
    exhausted = {
        "is_suspended": True,
        "rise_micros": 0,
        "ceilings": (CeilingState("tenant", 1, 99),),
        "read_back_stale": True,
    }
    for killed in (False, True):
        decision = decide(gate(kind, "buyer", OFF, killed=killed, **exhausted))
        assert decision.answer.value == "allow", (kind, decision)


class Row:
    def __init__(self, **values):
        self.command_kind, self.command, self.actor_kind = "set_daily_budget", {}, "api_key"
        self.pending_action_id, self.survives_kill, self.kill_epoch = None, False, 0
        self.__dict__.update(values)


def test_m9_recheck_at_claim():
    state = GateState(modes=AUTO)
    killed = GateState(modes=AUTO, kill_engaged=True, kill_epoch=1)
    released = GateState(modes=AUTO, kill_epoch=1)
    assert still_allowed(state, Row()) == ""
    assert still_allowed(killed, Row()) == "kill_switch_active"
    assert still_allowed(killed, Row(survives_kill=True)) == ""
    assert still_allowed(released, Row()) == "kill_switch_active"
    assert still_allowed(released, Row(kill_epoch=1)) == ""
    assert still_allowed(GateState(modes=OFF), Row()) == "authority_axis_off"
    assert still_allowed(GateState(modes=OFF), Row(pending_action_id=1)) == ""
    assert still_allowed(GateState(modes=OFF), Row(actor_kind="user")) == ""
