"""Writes at Meta; imported by the dispatch loop alone."""

import base64
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from platforms.errors import PlatformError
from platforms.meta import mapping
from platforms.meta.client import MetaClient
from platforms.ports import (
    AdSetSpec,
    AdSpec,
    CampaignSpec,
    Changes,
    CreativeSpec,
    Credentials,
)

STATUSES = frozenset({"ACTIVE", "PAUSED", "ARCHIVED", "DELETED"})


class MetaWriter:
    """`platforms.ports.Writer` for Meta."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._client = MetaClient(credentials, timeout_s=settings.DISPATCH_CALL_TIMEOUT_S)
        self._zone = mapping.zone(credentials)

    def create_campaign(self, account: str, spec: CampaignSpec, *, tag: str) -> str:
        """Paused, with its budget; returns the id."""
        params = mapping.campaign_params(spec, tag=tag, tz=self._zone)
        return self._create(f"{account}/campaigns", params)

    def create_ad_set(self, account: str, spec: AdSetSpec, *, tag: str) -> str:
        """Paused, under a campaign that holds the budget; returns the id."""
        params = mapping.ad_set_params(
            spec, tag=tag, tz=self._zone, advertiser=self._credentials.advertiser
        )
        return self._create(f"{account}/adsets", params)

    def upload_image(self, account: str, *, name: str, content: bytes) -> str:
        """The image's hash. Meta keeps one image per content, so a repeat makes no second one.

        `name` is not sent: Graph takes none beside the bytes.
        """
        reply = self._client.post(
            f"{account}/adimages", {"bytes": base64.b64encode(content).decode()}
        )
        images = reply.get("images")
        hashes = [
            str(image["hash"])
            for image in (images.values() if isinstance(images, dict) else ())
            if isinstance(image, dict) and image.get("hash")
        ]
        if len(hashes) != 1:
            raise _unclear()
        return hashes[0]

    def create_creative(self, account: str, spec: CreativeSpec, *, tag: str) -> str:
        """A link ad's content, which never changes afterwards; returns the id."""
        return self._create(f"{account}/adcreatives", mapping.creative_params(spec, tag=tag))

    def create_ad(self, account: str, spec: AdSpec, *, tag: str) -> str:
        """Paused; returns the id."""
        return self._create(f"{account}/ads", mapping.ad_params(spec, tag=tag))

    def update(self, object_type: str, external_id: str, changes: Changes) -> None:
        """Send the fields that are set. A rename keeps the tag, targeting keeps what others set.

        Both need what stands there now: Graph replaces the whole name and the whole targeting, so
        the tag and what was set outside would be lost. It is no second check of the value decided
        upon, which dispatch reads before this call.
        """
        tag = self._tag(external_id) if changes.name is not None else ""
        params = mapping.update_params(object_type, changes, tag=tag, tz=self._zone)
        if changes.targeting is not None or changes.platforms:
            current = self._client.get(external_id, {"fields": "targeting"}).get("targeting") or {}
            params["targeting"] = mapping.merged_targeting(
                current, changes.targeting, changes.platforms
            )
        if params:
            self._change(external_id, params)

    def set_status(self, object_type: str, external_id: str, status: str) -> None:
        """ACTIVE, PAUSED, ARCHIVED or DELETED. Stopping does not wait for a rate limit's end."""
        if status not in STATUSES:
            raise ValueError(status)
        self._change(external_id, {"status": status}, urgent=status != "ACTIVE")

    def _tag(self, external_id: str) -> str:
        row = self._client.get(external_id, {"fields": "name,adlabels"})
        return next(iter(sorted(mapping.tags_of(row))), "")

    def _create(self, path: str, params: dict[str, Any]) -> str:
        external_id = self._client.post(path, params).get("id")
        if not isinstance(external_id, str) or not external_id:
            raise _unclear()
        return external_id

    def _change(self, external_id: str, params: dict[str, Any], *, urgent: bool = False) -> None:
        if self._client.post(external_id, params, urgent=urgent).get("success") is not True:
            raise _unclear()


def _unclear() -> PlatformError:
    """A success whose content is not what was asked for: look it up."""
    return PlatformError("unknown", _("Meta's answer does not say what happened."))
