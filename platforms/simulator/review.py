"""Ad review: a timer on the virtual clock whose outcome follows from the seed and the text.

A text with one of the `TRIGGERS` is always disapproved; of the others SIM_REJECTED_PERCENT are
(none by default). The same words under the same seed always fare the same.
"""

import hashlib
import json
import random
from datetime import datetime, timedelta

from django.conf import settings

from platforms.simulator.models import Node

TRIGGERS = ("miracle cure", "get rich quick", "guaranteed weight loss")
MEDIAN_MINUTES = 40.0
SPREAD = 0.8
LONGEST = timedelta(hours=24)
UNPROVEN = "UNPROVEN_CLAIMS: The ad promises results that cannot be expected."
QUALITY = "LOW_QUALITY_OR_DISRUPTIVE_CONTENT: The ad does not meet the quality standards."


def creative_text(creative: Node) -> str:
    """Everything a reviewer reads, as stable text."""
    content = {key: value for key, value in creative.data.items() if key != "adlabels"}
    return json.dumps(content, sort_keys=True)


def start(ad: Node, creative: Node, *, seed: int, now: datetime) -> None:
    """Put `ad` (not saved) into review at `now`."""
    text = creative_text(creative)
    digest = hashlib.sha256(f"review:{seed}:{text}".encode()).digest()
    draw = random.Random(digest)
    wait = timedelta(minutes=MEDIAN_MINUTES * draw.lognormvariate(0, SPREAD))
    ad.reviewed_at = now + min(wait, LONGEST)
    lowered = text.lower()
    if any(word in lowered for word in TRIGGERS):
        ad.review_reason = UNPROVEN
    else:
        ad.review_reason = QUALITY if draw.random() * 100 < settings.SIM_REJECTED_PERCENT else ""
