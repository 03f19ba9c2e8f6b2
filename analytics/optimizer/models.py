"""Rules, and what each of them did."""

from django.db import models

from core.tenancy import TenantModel


class Rule(TenantModel):
    """A condition, an action, and in whose name it acts.

    `value_micros` is the threshold in millionths of the metric's unit, `limit_micros` the highest
    or lowest daily budget it may set, both in `currency` where they are money. The owner's
    credential is looked up again before every action; `stopped_reason` says why it no longer holds.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4)
    campaign = models.ForeignKey(
        "campaigns.Campaign", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    stopped_reason = models.CharField(max_length=30, blank=True)
    metric = models.CharField(max_length=12)
    operator = models.CharField(max_length=3)
    value_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    timeframe_hours = models.PositiveSmallIntegerField()
    certainty = models.PositiveSmallIntegerField()
    minimum_impressions = models.PositiveIntegerField()
    minimum_clicks = models.PositiveIntegerField()
    action = models.CharField(max_length=20)
    percent = models.PositiveSmallIntegerField(null=True, blank=True)
    limit_micros = models.BigIntegerField(null=True, blank=True)
    cooldown_hours = models.PositiveSmallIntegerField()
    owner_kind = models.CharField(max_length=12)  # user, api_key, oauth_app
    owner_id = models.CharField(max_length=64)
    owner_chain = models.JSONField(default=list)
    owner_user_id = models.UUIDField()
    evaluated_at = models.DateTimeField(null=True, blank=True)
    next_evaluation_at = models.DateTimeField()
    last_result = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="rule_by_tenant"),
            models.Index(
                fields=["next_evaluation_at"],
                name="rule_due",
                condition=models.Q(is_active=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="rule_environment"
            )
        ]

    def __str__(self) -> str:
        return self.name


class RuleFiring(TenantModel):
    """One object that met a rule on one day of its ad account, and what the gate answered.

    `outcome` is the gate's status, or `refused` where the command could not be decided at all;
    `day` is the last day of the window, so that a rule acts at most once a day on an object.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="firings")
    campaign_id = models.UUIDField()
    target_type = models.CharField(max_length=10)
    target_id = models.UUIDField()
    day = models.DateField()
    evidence = models.JSONField()
    command_kind = models.CharField(max_length=40)
    command = models.JSONField()
    outcome = models.CharField(max_length=20)
    reason = models.CharField(max_length=60, blank=True)
    verdict_id = models.CharField(max_length=64, blank=True)
    pending_action_id = models.CharField(max_length=64, blank=True)
    job_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "rule", "target_id", "day"], name="rule_firing_once_a_day"
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant", "rule", "-created_at", "-id"], name="rule_firing_by_rule"
            )
        ]


class StoredSuggestion(TenantModel):
    """A change that somebody may apply until `expires_at`, with the command that makes it.

    `target_version` is the object's version that it was made on: a suggestion on what has changed
    since is stale. `answer` is the gate's stored answer of the first time it was applied.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4)
    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+")
    type = models.CharField(max_length=20)
    impact = models.CharField(max_length=6)
    description = models.TextField()
    evidence = models.JSONField()
    target_type = models.CharField(max_length=10)
    target_id = models.UUIDField()
    target_version = models.PositiveIntegerField()
    command_kind = models.CharField(max_length=40)
    command = models.JSONField()
    command_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_by = models.CharField(max_length=64, blank=True)
    answer = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="suggestion_by_tenant"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "campaign", "command_digest"],
                name="suggestion_open_once",
                condition=models.Q(applied_at=None),
            ),
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="suggestion_environment"
            ),
        ]
