"""A partner writes only where the business lets partners write, whatever the modes say."""

import itertools

import pytest

from campaigns.domain.authority import GateInput, decide
from campaigns.domain.operations import OPERATIONS


@pytest.mark.parametrize("kind", OPERATIONS)
def test_a_partner_without_the_businesss_word_is_denied_every_kind(kind):
    for mode, local in itertools.product(("draft", "auto"), (False, True)):
        gate = GateInput(
            stage="submit",
            kind=kind,
            axes=("tactical",),
            modes=dict.fromkeys(("creative", "tactical", "structural"), mode),
            is_person=False,
            role="",
            is_local=local,
            kill_engaged=False,
            actor_id="key_1",
            target_id="camp_1",
            is_partner=True,
        )
        allowed = GateInput.from_json(gate.as_json() | {"partner_writes": True})
        denied = decide(gate)
        assert denied.answer == "deny"
        assert denied.reason in ("partner_writes_disabled", "policy_refused")
        assert decide(allowed).reason != "partner_writes_disabled"
        if decide(allowed).answer != "deny":
            assert denied.reason == "partner_writes_disabled"
