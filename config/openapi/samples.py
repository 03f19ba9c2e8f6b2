"""What the `data` of each event looks like, for the API document."""

from typing import Any

from webhooks.domain.states import PING

_CAMPAIGN = {"campaign_id": "camp_01kb3p9m5hf0ttqbn9w2cdwnrk"}
_BUSINESS = {"business_id": "biz_01kb3p9m5hf0ttqbn9w2cdwnrk"}
_AD_SET = {**_CAMPAIGN, "ad_set_id": "aset_01kb3p9m5hf0ttqbn9w2cdwnrk"}
_AD = {**_CAMPAIGN, "ad_id": "ad_01kb3p9m5hf0ttqbn9w2cdwnrk"}
_JOB = {"job_id": "job_01kb3p9m5hf0ttqbn9w2cdwnrk"}
_PENDING = {"pending_action_id": "pa_01kb3p9m5hf0ttqbn9w2cdwnrk"}
_VERDICT = {"verdict_id": "ver_01kb3p9m5hf0ttqbn9w2cdwnrk"}
_NAMED = {"status": "ACTIVE", "name": "Summer"}
_BUDGET = {**_CAMPAIGN, "command": "set_daily_budget"}
_PROPOSAL = {**_BUDGET, **_PENDING}
_PAYMENT = {
    "plan": {"id": 4, "name": "Growth", "price": 149.0, "currency": "USD"},
    "invoice_id": "invc_01kb3p9m5hf0ttqbn9w2cdwnrk",
    "amount": 149.0,
    "currency": "USD",
    "attempt": 1,
    "mode": "stripe",
}
_KILL = {**_BUSINESS, "epoch": 3, "stop_delivery": True, "campaigns": [_CAMPAIGN["campaign_id"]]}
_POLICY = {
    **_BUSINESS,
    "target_id": _BUSINESS["business_id"],
    "policy_change_id": "pch_01kb3p9m5hf0ttqbn9w2cdwnrk",
    "kind": "authority",
    "before": {"tactical": "draft"},
    "after": {"tactical": "auto"},
    "proposed_by": "user_01kb3p9m5hf0ttqbn9w2cdwnrk",
}
_CONNECTION = {
    "connection_id": "conn_01kb3p9m5hf0ttqbn9w2cdwnrk",
    **_BUSINESS,
    "platform": "facebook",
}


_EVIDENCE = {"from": "2026-11-20", "to": "2026-11-20"}
_ALERT = {
    "id": "alert_01kb3p9m5hf0ttqbn9w2cdwnrk",
    "kind": "threshold",
    "rule_id": "alr_01kb3p9m5hf0ttqbn9w2cdwnrk",
    "rule_name": "Spend of a day",
    **_BUSINESS,
    **_CAMPAIGN,
    "environment": "live",
    "metric": "spend",
    "direction": "above",
    "day": "2026-11-20",
    "threshold": 100.0,
    "evidence": {
        **_EVIDENCE,
        "metric": "spend",
        "value": 117.5,
        "currency": "USD",
        "threshold": 100.0,
        "expected": None,
    },
    "message": "Spend on 2026-11-20: 117.50 USD, above the limit of 100.00 USD.",
    "created_at": "2026-11-21T06:00:00Z",
}


def _sent(about: dict[str, Any], command: str, **more: Any) -> dict[str, Any]:
    return {**about, **_JOB, "command": command, **_NAMED, **more}


EVENT_SAMPLES: dict[str, dict[str, Any]] = {
    "account.verified": {
        "user": {
            "id": "user_01kb3p9m5hf0ttqbn9w2cdwnrk",
            "email": "ada@lumen.example",
            "first_name": "Ada",
            "last_name": "Lumen",
            "enabled": True,
            "created_at": "2026-11-21T11:58:00Z",
        }
    },
    "billing.payment_completed": _PAYMENT,
    "billing.payment_failed": {**_PAYMENT, "attempt": 2},
    "campaign.created": {
        **_CAMPAIGN,
        **_BUSINESS,
        "command": "create_campaign",
        "name": "Summer",
        "changed": ["budget_micros", "name", "objective"],
    },
    "campaign.launched": _sent(_CAMPAIGN, "launch_campaign"),
    "campaign.paused": _sent(_CAMPAIGN, "pause_campaign", status="PAUSED"),
    "campaign.updated": {**_CAMPAIGN, "fields": ["budget_micros"], "by": "platform"},
    "ad.optimized": _sent(_AD, "push_creative"),
    "ad.paused": _sent(_AD, "pause_ad"),
    "budget.reallocated": {**_BUDGET, **_JOB, "name": "Summer"},
    "generation.completed": {
        "generation_id": "gen_01kb3p9m5hf0ttqbn9w2cdwnrk",
        "kind": "text",
        "status": "completed",
        "provider": "openai",
        "variations": 5,
        "credits_used": 5,
    },
    "alert.spend": {**_ALERT, "type": "alert.spend"},
    "alert.performance": {
        **_ALERT,
        "type": "alert.performance",
        "kind": "anomaly",
        "metric": "clicks",
        "direction": "below",
        "threshold": None,
        "evidence": {
            **_EVIDENCE,
            "metric": "clicks",
            "value": 12.0,
            "n": 8,
            "n_of": "days",
            "currency": "USD",
            "threshold": None,
            "expected": {"value": 60.0, "low": 31.0, "high": 94.0, "days": 8},
        },
        "message": "Clicks on 2026-11-20: 12, where 60 is usual for the weekday.",
    },
    "campaign.resumed": _sent(_CAMPAIGN, "resume_campaign"),
    "campaign.archived": _sent(_CAMPAIGN, "archive_campaign", status="ARCHIVED"),
    "ad_set.created": _sent(_AD_SET, "create_ad_set"),
    "ad_set.updated": {**_AD_SET, "fields": ["targeting"], "by": "platform"},
    "ad.created": _sent(_AD, "create_ad"),
    "ad.updated": _sent(_AD, "rename_ad"),
    "ad.disapproved": {**_AD, "reason": "The ad's text is not allowed."},
    "approval.requested": {
        **_PROPOSAL,
        **_BUSINESS,
        **_VERDICT,
        "risk": "medium",
        "axes": ["tactical"],
        "expires_at": "2026-11-24T12:00:00Z",
    },
    "approval.approved": {**_PROPOSAL, **_JOB, "status": "approved", "not_reread": False},
    "approval.rejected": {**_PROPOSAL, "status": "rejected", "comment": "Too early."},
    "approval.undone": {**_PROPOSAL, "status": "pending"},
    "approval.expired": {**_PROPOSAL, "status": "expired"},
    "approval.cancelled": {**_PROPOSAL, "status": "cancelled"},
    "approval.superseded": {**_PROPOSAL, **_BUSINESS},
    "approval.conflict": {**_BUDGET, **_JOB, "current": {"budget_micros": 60_000_000}},
    "approval.reminder": {**_PROPOSAL, "status": "pending"},
    "ads.write.denied": {
        **_BUDGET,
        **_BUSINESS,
        **_VERDICT,
        "reason": "ceiling_exceeded",
        "detail": "",
    },
    "ads.write.dispatched": {**_BUDGET, **_JOB},
    "ads.write.failed": {
        **_BUDGET,
        **_JOB,
        "reason": "invalid",
        "message": "The budget is too low.",
    },
    "ads.write.removed": _sent(_CAMPAIGN, "remove_remains", status="DRAFT"),
    "kill_switch.engaged": _KILL,
    "kill_switch.released": {**_KILL, "campaigns": []},
    "policy.proposed": _POLICY,
    "policy.confirmed": _POLICY,
    "policy.cancelled": _POLICY,
    "policy.expired": _POLICY,
    "policy.conflict": _POLICY,
    "connection.connected": {**_CONNECTION, "status": "connected"},
    "connection.disconnected": {**_CONNECTION, "status": "disconnected"},
    "connection.expired": {**_CONNECTION, "status": "expired"},
    PING: {"webhook_id": "whk_01kb3p9m5hf0ttqbn9w2cdwnrk"},
}
