"""What people want to be told of, and what they were told."""

from django.db import models

from core.tenancy import TenantModel


class AlertRule(TenantModel):
    """What to watch: of a business's delivery in one currency, or of one campaign's.

    `kind` threshold: `metric operator value_micros` over `timeframe_hours`, as optimizer rules say
    it. `kind` anomaly: a day unlike its weekdays by at least `minimum_change` percent. `held` names
    for each direction the last day on which it held, so that one cause alerts once.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4)
    campaign = models.ForeignKey(
        "campaigns.Campaign", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    kind = models.CharField(max_length=10)  # threshold, anomaly
    metric = models.CharField(max_length=12)
    currency = models.CharField(max_length=3)
    operator = models.CharField(max_length=3, blank=True)
    value_micros = models.BigIntegerField(default=0)
    timeframe_hours = models.PositiveSmallIntegerField(default=24)
    certainty = models.PositiveSmallIntegerField(default=0)
    minimum_impressions = models.PositiveIntegerField(default=0)
    minimum_clicks = models.PositiveIntegerField(default=0)
    direction = models.CharField(max_length=5, blank=True)
    minimum_change = models.PositiveSmallIntegerField(default=0)
    cooldown_hours = models.PositiveSmallIntegerField()
    held = models.JSONField(default=dict, blank=True)
    evaluated_at = models.DateTimeField(null=True, blank=True)
    last_result = models.JSONField(default=dict, blank=True)
    next_evaluation_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="alert_rule_by_tenant"),
            models.Index(
                fields=["next_evaluation_at"],
                name="alert_rule_due",
                condition=models.Q(is_active=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="alert_rule_environment"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="threshold", direction="")
                | models.Q(kind="anomaly", operator=""),
                name="alert_rule_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Alert(TenantModel):
    """One firing of a rule; it stays when the rule is removed. `day` is the last day judged."""

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4)
    campaign = models.ForeignKey(
        "campaigns.Campaign", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    rule = models.ForeignKey(
        AlertRule, null=True, blank=True, on_delete=models.SET_NULL, related_name="alerts"
    )
    rule_name = models.CharField(max_length=120)
    event_type = models.CharField(max_length=20)  # alert.spend, alert.performance
    kind = models.CharField(max_length=10)
    metric = models.CharField(max_length=12)
    direction = models.CharField(max_length=5)  # above, below
    day = models.DateField()
    evidence = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "rule", "direction", "day"], name="alert_once_a_day"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="alert_by_tenant"),
        ]

    def __str__(self) -> str:
        return self.rule_name
