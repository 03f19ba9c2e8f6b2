"""generate_ad_content: copy for credits, once per key, and nothing for a foreign id."""

import pytest

from creatives.models import Generation
from tests.services.campaigns.stage import count
from tests.services.mcp.talk import data, refused

PRODUCT = "Honey from our own bees in the Black Forest, sold in glass jars of one pound"


def test_copy_is_written_once_per_key(acme):
    wanted = {"product": PRODUCT, "audience": "families", "count": 2, "idempotency_key": "g1"}
    made = data(acme.token, "generate_ad_content", wanted)
    assert (made["status"], made["provider"], made["credits_used"]) == ("completed", "local", 2)
    assert len(made["variations"]) == 2
    assert all(one["headline"] and one["primary_text"] for one in made["variations"])
    assert data(acme.token, "generate_ad_content", wanted) == made
    shown = data(acme.token, "generate_ad_content", {"generation_id": made["id"]})
    assert shown == made
    assert count(acme, Generation) == 1


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({}, "validation_error"),
        ({"product": PRODUCT, "count": 0}, "validation_error"),
        ({"product": PRODUCT, "tone": "rude"}, "validation_error"),
        ({"generation_id": "gen_x"}, "not_found"),
    ],
)
def test_what_cannot_be_made_costs_nothing(acme, wanted, code):
    assert refused(acme.token, "generate_ad_content", wanted).startswith(code)
    assert count(acme, Generation) == 0
