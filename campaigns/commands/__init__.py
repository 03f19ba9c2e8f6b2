"""The changes that exist, each a validated value."""

from campaigns.commands.ad import (
    ArchiveAd,
    CreateAd,
    PauseAd,
    PushCreative,
    ResumeAd,
    UpdateAd,
)
from campaigns.commands.ad_set import (
    ArchiveAdSet,
    CreateAdSet,
    PauseAdSet,
    ResumeAdSet,
    SetTargeting,
    UpdateAdSet,
)
from campaigns.commands.base import COMMANDS, Command, restore
from campaigns.commands.campaign import (
    ArchiveCampaign,
    CreateCampaign,
    LaunchCampaign,
    PauseCampaign,
    RemoveRemains,
    RestoreDelivery,
    ResumeCampaign,
    SetDailyBudget,
    SetLifetimeBudget,
    SetSchedule,
    StopDelivery,
    UpdateCampaign,
)
from campaigns.commands.values import CreativeContent, Location, Optimization, Targeting

__all__ = [
    "COMMANDS",
    "ArchiveAd",
    "ArchiveAdSet",
    "ArchiveCampaign",
    "Command",
    "CreateAd",
    "CreateAdSet",
    "CreateCampaign",
    "CreativeContent",
    "LaunchCampaign",
    "Location",
    "Optimization",
    "PauseAd",
    "PauseAdSet",
    "PauseCampaign",
    "PushCreative",
    "RemoveRemains",
    "RestoreDelivery",
    "ResumeAd",
    "ResumeAdSet",
    "ResumeCampaign",
    "SetDailyBudget",
    "SetLifetimeBudget",
    "SetSchedule",
    "SetTargeting",
    "StopDelivery",
    "Targeting",
    "UpdateAd",
    "UpdateAdSet",
    "UpdateCampaign",
    "restore",
]
