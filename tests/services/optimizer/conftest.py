"""The simulated platform for the tests that reach it."""

from tests.services.campaigns.test_end_to_end import connected, sim

__all__ = ["connected", "sim"]
