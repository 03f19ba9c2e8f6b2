"""An agent's program, played step by step, and the person who decides about what it asks for."""

import re
import time
from collections.abc import Callable
from typing import Any

import httpx2 as httpx

from tests.journeys.guide import Call, place_of, python_call
from tests.journeys.live import Live

GENERATE = "POST /ai/generate/variations"
POLL = "GET /ai/generations/{}"
CAMPAIGN = "POST /campaigns"
AD_SET = "POST /campaigns/{}/ad-sets"
AD = "POST /campaigns/{}/ad-sets/{}/ads"
LAUNCH = "POST /campaigns/{}/launch"
ANALYTICS = "GET /analytics/campaigns/{}"
SUGGEST = "POST /ai/optimize/suggest"
APPLY = "POST /ai/optimize/apply"
# Every request of the program, in its order.
STEPS = [GENERATE, POLL, CAMPAIGN, AD_SET, AD, LAUNCH, ANALYTICS, SUGGEST]


class Program:
    """Its requests by their places, and what each answered under the program's own names."""

    def __init__(self, send: Callable[[Call], Any], expressions: list[str]) -> None:
        self.send = send
        self.steps = {place_of(text): text for text in expressions}
        assert [place_of(text) for text in expressions] == [*STEPS, APPLY]
        self.names: dict[str, Any] = {"H": {"Authorization": "Bearer KEY"}}

    def play(self, step: str, *expect: int, **names: Any) -> Any:
        """The answer of one step, 200 or what else to expect, with `names` in scope beside what is
        known.
        """
        answer = self.send(python_call(self.steps[step], self.names | names))
        assert answer.status_code in (expect or (200,)), (step, answer.status_code, answer.text)
        return answer.json()

    def generate(self, *, seconds: float = 120) -> list[dict[str, Any]]:
        """The variations, polled for as the program does, without its five seconds between."""
        gen = self.play(GENERATE, 200, 202)
        deadline = time.monotonic() + seconds
        while True:
            gen = self.play(POLL, gen=gen)
            if gen["status"] != "processing":
                break
            assert time.monotonic() < deadline, gen
            time.sleep(0.2)
        assert gen["status"] == "completed", gen
        self.names["gen"] = gen
        made: list[dict[str, Any]] = gen["result"]["variations"]
        return made

    def launch(self) -> Any:
        """Generate, create, one ad for each variation, launch; the launch's answer."""
        variations = self.generate()
        self.names["campaign"] = self.play(CAMPAIGN, 201)
        self.names["ad_set"] = self.play(AD_SET, 201)
        for i, v in enumerate(variations):
            ad = self.play(AD, 201, i=i, v=v)
            assert ad["creative"]["image_url"] == v["image_url"]
        return self.play(LAUNCH, 202)


class Person:
    """The owner, who claims the account by mail and decides in the inbox."""

    def __init__(self, live: Live, browser: httpx.Client, email: str) -> None:
        self.live, self.browser = live, browser
        link = live.mailed(email, r"(https?://\S+/claim/\S+)")
        page = browser.get(link)
        fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        keys = re.findall(r'name="keep_keys" value="(key_\w+)"', page.text)
        claimed = browser.post(
            link,
            data=fields | {"password": "a-person-knows-this-1", "keep_keys": keys},
            headers={"Referer": live.url},
        )
        assert claimed.status_code == 200, claimed.text

    def approve(self, pending_id: str) -> None:
        """Open the proposal in the inbox and press Approve."""
        inbox = self.browser.get(f"/inbox/{pending_id}/")
        assert inbox.status_code == 200
        form = re.search(
            rf'<form[^>]*action="(/inbox/{pending_id}/approve/)"[^>]*>(.*?)</form>',
            inbox.text,
            re.DOTALL,
        )
        assert form, "the inbox offers no approval"
        hidden = dict(re.findall(r'name="([^"]+)"[^>]*value="([^"]*)"', form[2]))
        done = self.browser.post(form[1], data=hidden, headers={"Referer": self.live.url})
        assert done.status_code == 200, done.text
