"""`manage.py seed`: the demo's data; needs the simulator and DEMO=1."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.authentication import authenticate_key
from config.demo import history, network, people, proposals, state
from core.clock import now
from core.errors import UnauthenticatedError

SEASON = timedelta(days=14)


class Command(BaseCommand):
    help = "Seed the demo: one tenant, three businesses, sixty simulated days, twelve proposals."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.VAR_DIR / "demo.json"
        demo = state.load(path)
        if is_valid(demo.token):
            return
        if not settings.DEMO:
            raise CommandError(_("Demo data are made with DEMO=1 only; run make demo."))
        if people.is_begun():
            raise CommandError(_("The demo's data are incomplete; start with RESET=1 make demo."))
        cast = people.make_people(password=demo.password, now=now())
        grants = [network.connect(business, now=now()) for business in cast.businesses]
        made = history.play(cast, grants, say=self.stdout.write)
        token = people.make_key(cast, now=now())
        agent, _row = authenticate_key(token, HttpRequest())
        proposals.propose(agent, made, last_day=(now() + SEASON).date())
        demo.token = token
        demo.save(path)


def is_valid(token: str) -> bool:
    """Whether the remembered key opens this database."""
    if not token:
        return False
    try:
        authenticate_key(token, HttpRequest())
    except UnauthenticatedError:
        return False
    return True
