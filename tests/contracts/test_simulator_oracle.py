"""The simulator's own models against Meta's SDK: it accepts no parameter, enum value or field that
Meta's client does not know.
"""

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from platforms.simulator.graph import insights, plain, present
from platforms.simulator.params import creatives, lists, targeting, tree
from platforms.simulator.params.insights import InsightsQuery
from tests.contracts.oracle import Oracle, available, load

pytestmark = pytest.mark.skipif(
    not available()["installed"], reason="facebook-business is not installed"
)
PAGING = {"fields", "limit", "after", "before", "summary"}
# Used by Meta's clients and told in its documentation, not in the SDK's list of the call.
BESIDE = {
    ("AdAccount", "GET", "campaigns"): {"filtering"},
    ("AdAccount", "GET", "adsets"): {"filtering"},
    ("AdAccount", "GET", "ads"): {"filtering"},
    ("AdAccount", "POST", "adimages"): {"name"},
    ("AdAccount", "GET", "adimages"): {"filtering"},
}
CALLS: dict[tuple[str, str, str], type[BaseModel]] = {
    ("AdAccount", "POST", "campaigns"): tree.CampaignCreate,
    ("AdAccount", "POST", "adsets"): tree.AdSetCreate,
    ("AdAccount", "POST", "ads"): tree.AdCreate,
    ("AdAccount", "POST", "adcreatives"): creatives.CreativeCreate,
    ("AdAccount", "POST", "adimages"): creatives.ImageCreate,
    ("AdAccount", "POST", "adlabels"): tree.LabelCreate,
    ("AdAccount", "POST", "adspixels"): tree.PixelCreate,
    ("AdAccount", "GET", "campaigns"): lists.CampaignList,
    ("AdAccount", "GET", "adsets"): lists.AdSetList,
    ("AdAccount", "GET", "ads"): lists.AdList,
    ("AdAccount", "GET", "adimages"): creatives.ImageList,
    ("AdAccount", "GET", "insights"): InsightsQuery,
    ("AdAccount", "POST", "insights"): InsightsQuery,
    ("Campaign", "POST", ""): tree.CampaignUpdate,
    ("AdSet", "POST", ""): tree.AdSetUpdate,
    ("Ad", "POST", ""): tree.AdUpdate,
    ("AdCreative", "POST", ""): tree.CreativeUpdate,
}
# Values the SDK's enum of the call leaves out.
MORE_VALUES = {"synchronous_ad_review"}


@cache
def oracle() -> Oracle:
    return load("installed")


def literals(annotation: Any) -> Iterator[str]:
    """Every text a type allows by name."""
    if get_origin(annotation) is Literal:
        yield from (str(value) for value in get_args(annotation))
    elif get_origin(annotation) in (Annotated, Union, UnionType, list):
        for inner in get_args(annotation):
            yield from literals(inner)


@pytest.mark.parametrize("place", CALLS, ids=" ".join)
def test_accepted_parameters_are_meta_s(place: tuple[str, str, str]) -> None:
    node, method, endpoint = place
    known = oracle().nodes[node].calls[method, endpoint].params.keys()
    accepted = set(CALLS[place].model_fields) - BESIDE.get(place, set())
    assert (
        accepted - known - (PAGING if method == "GET" or endpoint == "insights" else set()) == set()
    )


@pytest.mark.parametrize("place", CALLS, ids=" ".join)
def test_accepted_enum_values_are_meta_s(place: tuple[str, str, str]) -> None:
    node, method, endpoint = place
    call = oracle().nodes[node].calls[method, endpoint]
    every = oracle().nodes[node].enums
    for name, field in CALLS[place].model_fields.items():
        kind = call.params.get(name, "").removeprefix("list<").removesuffix(">")
        values = call.enums.get(kind) or every.get(kind)
        if values:
            assert set(literals(field.annotation)) - MORE_VALUES <= values, name


@pytest.mark.parametrize(
    ("model", "node"),
    [
        (targeting.Targeting, "Targeting"),
        (targeting.GeoLocations, "TargetingGeoLocation"),
        (creatives.StorySpec, "AdCreativeObjectStorySpec"),
        (creatives.LinkData, "AdCreativeLinkData"),
        (creatives.CallToAction, "AdCreativeLinkDataCallToAction"),
        (tree.PromotedObject, "AdPromotedObject"),
    ],
)
def test_nested_keys_are_meta_s(model: type[BaseModel], node: str) -> None:
    assert set(model.model_fields) - set(oracle().nodes[node].fields) == set()


SHOWN = {
    "Campaign": present.FIELDS["campaign"],
    "AdSet": present.FIELDS["adset"],
    "Ad": present.FIELDS["ad"],
    "AdCreative": present.FIELDS["creative"],
    "AdLabel": present.FIELDS["label"],
    "AdsInsights": insights.FIELDS,
    "AdAccount": plain.ACCOUNT,
    "AdImage": plain.IMAGE,
    "AdsPixel": plain.PIXEL,
    "Page": plain.PAGE,
    "User": plain.PERSON,
}


@pytest.mark.parametrize("node", SHOWN)
def test_shown_fields_are_meta_s(node: str) -> None:
    assert set(SHOWN[node]) - set(oracle().nodes[node].fields) == set()


def test_call_to_action_types_are_meta_s() -> None:
    known = oracle().nodes["AdCreativeLinkDataCallToAction"].enums["Type"]
    assert set(literals(creatives.CallToActionType)) <= known
