"""Meta's Graph API, simulated: its own process, tables and database, reached over HTTP only."""

from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    name = "platforms.simulator"
    label = "simulator"
