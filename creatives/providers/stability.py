"""Images by Stability AI over its REST API."""

from django.conf import settings

from core.http import MAX_OPERATOR_BODY, OutsideFetchError, call_operator_host
from creatives.providers.base import DRAW_TIMEOUT_S, PictureBrief, ProviderError
from creatives.providers.prompts import picture

_RATIOS = {(1, 1): "1:1", (4, 5): "4:5", (9, 16): "9:16", (300, 157): "16:9"}


class StabilityImages:
    """Stable Image; what it draws in a near shape is cropped to the exact one."""

    name = "stability"

    def __init__(self) -> None:
        self.model: str = settings.STABILITY_MODEL

    def draw(self, brief: PictureBrief) -> bytes:
        """The bytes of the answer."""
        width, height = brief.size
        fields = {
            "prompt": picture(brief),
            "aspect_ratio": min(
                _RATIOS.items(), key=lambda one: abs(one[0][0] / one[0][1] - width / height)
            )[1],
            "output_format": "png",
        }
        try:
            answer = call_operator_host(
                "POST",
                f"{settings.STABILITY_URL}/v2beta/stable-image/generate/{self.model}",
                origin=settings.STABILITY_URL,
                headers={
                    "authorization": f"Bearer {settings.STABILITY_API_KEY}",
                    "accept": "image/*",
                    "accept-encoding": "identity",
                },
                files={name: (None, value) for name, value in fields.items()},
                deadline_s=DRAW_TIMEOUT_S,
                max_body=MAX_OPERATOR_BODY,
            )
        except OutsideFetchError as error:
            raise ProviderError("unavailable") from error
        if answer.status != 200:
            raise ProviderError("refused" if 400 <= answer.status < 429 else "unavailable")
        return answer.body
