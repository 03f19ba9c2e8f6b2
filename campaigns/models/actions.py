"""A proposal waiting for a person, and the durable intent to carry one Command out."""

from django.db import models

from core.tenancy import TenantModel

OPEN_DISPATCH = ["ready", "sent", "unknown", "held"]


class PendingAction(TenantModel):
    """A queued Command. States: pending, approved, dispatched, dispatch_failed, conflict,
    rejected, expired,
    superseded, cancelled.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4)
    campaign_id = models.UUIDField(null=True, blank=True)
    status = models.CharField(max_length=16, default="pending")
    command_kind = models.CharField(max_length=40)
    command = models.JSONField()
    command_digest = models.CharField(max_length=64)
    target_type = models.CharField(max_length=10)
    target_id = models.UUIDField()
    target_name = models.CharField(max_length=400)
    axes = models.JSONField(default=list)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64)
    rationale = models.TextField(blank=True)
    rationale_source = models.CharField(max_length=12, blank=True)
    proposer_kind = models.CharField(max_length=12)
    proposer_id = models.CharField(max_length=64)
    proposer_label = models.CharField(max_length=200, blank=True)
    proposer_chain = models.JSONField(default=list)
    channel = models.CharField(max_length=10)
    risk = models.CharField(max_length=6)  # low, medium, high
    risk_reasons = models.JSONField(default=list)
    exposure_delta_micros = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    verdict_id = models.UUIDField()
    supersedes_id = models.UUIDField(null=True, blank=True)
    group_id = models.CharField(max_length=64, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    announced_at = models.DateTimeField(null=True, blank=True)  # when deciders were mailed
    reminded_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_comment = models.TextField(blank=True)
    not_reread = models.BooleanField(default=False)
    current = models.JSONField(default=dict, blank=True)
    dispatch_id = models.UUIDField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "-created_at", "-id"],
                name="pending_inbox",
                condition=models.Q(status="pending"),
            ),
            models.Index(
                fields=["tenant", "business", "-created_at", "-id"],
                name="pending_inbox_by_business",
                condition=models.Q(status="pending"),
            ),
            models.Index(
                fields=["tenant", "status", "-created_at", "-id"], name="pending_by_status"
            ),
            models.Index(fields=["tenant", "target_id", "-created_at"], name="pending_by_target"),
            models.Index(
                fields=["expires_at"], name="pending_expiry", condition=models.Q(status="pending")
            ),
            models.Index(fields=["tenant", "dispatch_id"], name="pending_by_dispatch"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "proposer_id", "target_id", "command_digest"],
                name="pending_open_once",
                condition=models.Q(status__in=["pending", "approved"]),
            )
        ]


class Dispatch(TenantModel):
    """The durable intent to carry out one allowed Command, step by step. Its id is its
    Verdict's id.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4)
    platform = models.CharField(max_length=12)
    ad_account_id = models.UUIDField()
    campaign_id = models.UUIDField()
    state = models.CharField(
        max_length=8, default="ready"
    )  # ready, sent, done, failed, unknown, held
    command_kind = models.CharField(max_length=40)
    command = models.JSONField()
    command_digest = models.CharField(max_length=64)
    target_type = models.CharField(max_length=10)
    target_id = models.UUIDField()
    expects = models.JSONField(default=dict)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    pending_action_id = models.UUIDField(null=True, blank=True)
    kill_epoch = models.PositiveIntegerField(default=0)
    survives_kill = models.BooleanField(default=False)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    error_kind = models.CharField(max_length=16, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    needs_person = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "dispatches"
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="dispatch_due",
                condition=models.Q(state__in=["ready", "sent", "unknown"]),
            ),
            models.Index(
                fields=["tenant", "campaign_id", "-created_at"], name="dispatch_by_campaign"
            ),
            models.Index(fields=["tenant", "business", "state"], name="dispatch_by_state"),
            models.Index(
                fields=["tenant", "-created_at", "-id"],
                name="dispatch_desk",
                condition=models.Q(needs_person=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "actor_id", "target_id", "command_digest"],
                name="dispatch_open_once",
                condition=models.Q(state__in=OPEN_DISPATCH),
            )
        ]


class DispatchStep(TenantModel):
    """One call of a Dispatch. `tag` finds the created object again; it is empty for steps that
    create nothing.
    """

    dispatch = models.ForeignKey(Dispatch, on_delete=models.CASCADE, related_name="steps")
    seq = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20)
    object_type = models.CharField(max_length=10)
    object_id = models.UUIDField()
    tag = models.CharField(max_length=20, blank=True)
    params = models.JSONField(default=dict)
    apply = models.JSONField(default=dict)
    payload_digest = models.CharField(max_length=64)
    state = models.CharField(max_length=8, default="ready")
    external_id = models.CharField(max_length=64, blank=True)
    fence = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    lookups = models.PositiveSmallIntegerField(default=0)
    error_kind = models.CharField(max_length=16, blank=True)
    error_message = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "dispatch", "seq"], name="dispatch_step_once"
            ),
            models.UniqueConstraint(
                fields=["tenant", "tag"], name="dispatch_tag_once", condition=~models.Q(tag="")
            ),
        ]
