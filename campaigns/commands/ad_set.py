"""Commands on an ad set."""

from typing import ClassVar

from campaigns.commands.base import Command
from campaigns.commands.values import Name, PublicId, Targeting


class CreateAdSet(Command):
    kind: ClassVar[str] = "create_ad_set"
    campaign_id: PublicId
    name: Name
    targeting: Targeting


class _OnAdSet(Command):
    ad_set_id: PublicId


class UpdateAdSet(_OnAdSet):
    kind: ClassVar[str] = "update_ad_set"
    name: Name | None = None
    targeting: Targeting | None = None


class SetTargeting(_OnAdSet):
    kind: ClassVar[str] = "set_targeting"
    targeting: Targeting


class PauseAdSet(_OnAdSet):
    kind: ClassVar[str] = "pause_ad_set"


class ResumeAdSet(_OnAdSet):
    kind: ClassVar[str] = "resume_ad_set"


class ArchiveAdSet(_OnAdSet):
    kind: ClassVar[str] = "archive_ad_set"
