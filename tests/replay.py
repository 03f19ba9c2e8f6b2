"""Every Verdict a test leaves is decided again from its recorded input, with equal result."""

from collections import Counter
from typing import Any

REPLAYED: Counter[str] = Counter()


def replay_tenant(tenant_ids: list[object]) -> None:
    """Replay the Verdicts of these tenants; raises AssertionError for the first that differs."""
    from accounts.models import Verdict
    from core.tenancy import tenant_tx

    for tenant_id in tenant_ids:
        with tenant_tx(tenant_id, readonly=True):  # type: ignore[arg-type]
            for verdict in Verdict.objects.all():
                replay(verdict)
                REPLAYED[verdict.decision] += 1


def replay(verdict: Any) -> None:
    """Raises AssertionError where deciding again on the recorded input gives another answer."""
    from campaigns.queries import replay_verdict
    from core.canonical import digest

    decision = replay_verdict(verdict)
    assert decision.answer == verdict.decision, verdict.input
    assert decision.reason == verdict.reason, verdict.input
    assert digest(verdict.input) == verdict.input_digest
