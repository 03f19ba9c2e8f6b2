"""Commands on an ad."""

from typing import Annotated, ClassVar

from pydantic import Field

from campaigns.commands.base import Command
from campaigns.commands.values import CreativeContent, Name, PublicId

GenerationId = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]*$")]


class CreateAd(Command):
    kind: ClassVar[str] = "create_ad"
    ad_set_id: PublicId
    name: Name
    creative: CreativeContent
    generation_id: GenerationId = ""


class _OnAd(Command):
    ad_id: PublicId


class UpdateAd(_OnAd):
    kind: ClassVar[str] = "update_ad"
    name: Name | None = None
    creative: CreativeContent | None = None
    generation_id: GenerationId | None = None


class PushCreative(_OnAd):
    """New content on an ad: a new creative at the platform, the old one stays as it was."""

    kind: ClassVar[str] = "push_creative"
    creative: CreativeContent


class PauseAd(_OnAd):
    kind: ClassVar[str] = "pause_ad"


class ResumeAd(_OnAd):
    kind: ClassVar[str] = "resume_ad"


class ArchiveAd(_OnAd):
    kind: ClassVar[str] = "archive_ad"
