"""What commands are called in mails and on screen."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

KINDS: dict[str, Promise] = {
    "create_campaign": _("Create campaign"),
    "update_campaign": _("Edit campaign"),
    "launch_campaign": _("Launch campaign"),
    "pause_campaign": _("Pause campaign"),
    "resume_campaign": _("Resume campaign"),
    "archive_campaign": _("Archive campaign"),
    "set_daily_budget": _("Set daily budget"),
    "set_lifetime_budget": _("Set lifetime budget"),
    "set_schedule": _("Set schedule"),
    "create_ad_set": _("Create ad set"),
    "update_ad_set": _("Edit ad set"),
    "set_targeting": _("Set targeting"),
    "pause_ad_set": _("Pause ad set"),
    "resume_ad_set": _("Resume ad set"),
    "archive_ad_set": _("Archive ad set"),
    "create_ad": _("Create ad"),
    "update_ad": _("Edit ad"),
    "push_creative": _("Push creative"),
    "pause_ad": _("Pause ad"),
    "resume_ad": _("Resume ad"),
    "archive_ad": _("Archive ad"),
    "remove_remains": _("Remove what a change left"),
    "stop_delivery": _("Stop delivery"),
    "restore_delivery": _("Restore delivery"),
}
