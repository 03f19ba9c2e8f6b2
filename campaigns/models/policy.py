"""What the gate reads: authority, policy, kill switch, spend ceilings and the exposure they
limit.
"""

from django.db import models

from core.tenancy import TenantModel


class Authority(TenantModel):
    """Mode per axis (off, draft, auto) of a business or of one campaign; every change is a new
    version.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    campaign = models.ForeignKey(
        "campaigns.Campaign", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    version = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    creative = models.CharField(max_length=5)
    tactical = models.CharField(max_length=5)
    structural = models.CharField(max_length=5)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "authorities"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "business", "version"],
                name="authority_default_version_once",
                condition=models.Q(campaign=None),
            ),
            models.UniqueConstraint(
                fields=["tenant", "campaign", "version"],
                name="authority_campaign_version_once",
                condition=models.Q(campaign__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["tenant", "business"],
                name="authority_default_current_once",
                condition=models.Q(is_current=True, campaign=None),
            ),
            models.UniqueConstraint(
                fields=["tenant", "campaign"],
                name="authority_campaign_current_once",
                condition=models.Q(is_current=True, campaign__isnull=False),
            ),
        ]


class BusinessPolicy(TenantModel):
    """How a business decides; every change is a new version.

    With `second_person`, what loosens its policy takes effect when another person confirms it.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    undo_window_s = models.PositiveIntegerField()
    approval_expiry_h = models.PositiveIntegerField()
    cooldown_h = models.PositiveIntegerField(default=24)
    four_eyes_micros = models.BigIntegerField(null=True, blank=True)
    second_person = models.BooleanField(default=False)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "business policies"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "business", "version"], name="business_policy_version_once"
            ),
            models.UniqueConstraint(
                fields=["tenant", "business"],
                name="business_policy_current_once",
                condition=models.Q(is_current=True),
            ),
        ]


class PolicyChange(TenantModel):
    """A loosening of a policy that waits for a second owner or admin.

    kind: authority, rules, ceiling, no_ceiling, release. status: pending, confirmed, cancelled,
    expired, conflict. `before` are the values it was proposed on: others by then make a conflict.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4)
    kind = models.CharField(max_length=12)
    target_id = models.CharField(max_length=64)  # public id of what it is about
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    status = models.CharField(max_length=10, default="pending")
    proposer_id = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.CharField(max_length=64, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "business", "-created_at", "-id"],
                name="policy_change_waiting",
                condition=models.Q(status="pending"),
            ),
            models.Index(
                fields=["expires_at"],
                name="policy_change_expiry",
                condition=models.Q(status="pending"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "business", "digest"],
                name="policy_change_open_once",
                condition=models.Q(status="pending"),
            )
        ]


class KillSwitch(TenantModel):
    """One row per business: engaged while `engaged_at` is set and `released_at` is not.

    `engager` is what the sweep needs to finish an interrupted engagement in the engager's name:
    ids and role only.
    """

    business = models.OneToOneField("accounts.Business", on_delete=models.CASCADE, related_name="+")
    is_engaged = models.BooleanField(default=False)
    stop_delivery = models.BooleanField(default=False)
    epoch = models.PositiveIntegerField(default=0)
    stopped_campaigns = models.JSONField(default=list, blank=True)
    engaged_by = models.CharField(max_length=64, blank=True)
    engager = models.JSONField(default=dict, blank=True)
    engaged_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=64, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "kill switches"


class SpendCeiling(TenantModel):
    """A daily limit on exposure. `used_micros` moves by conditional UPDATE only.

    scope `action` limits one Command's rise, `campaign`, `business` and `tenant` the sum of
    exposure.
    """

    business = models.ForeignKey(
        "accounts.Business", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    campaign = models.ForeignKey(
        "campaigns.Campaign", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    scope = models.CharField(max_length=8)
    scope_key = models.CharField(
        max_length=64
    )  # scope and the id it limits: one constraint for all
    environment = models.CharField(max_length=4)
    currency = models.CharField(max_length=3)
    limit_micros = models.BigIntegerField()
    used_micros = models.BigIntegerField(default=0)
    updated_by = models.CharField(max_length=64)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "environment", "scope_key", "currency"], name="spend_ceiling_once"
            ),
            models.CheckConstraint(
                condition=models.Q(used_micros__gte=0), name="spend_ceiling_used_positive"
            ),
        ]


class SpendExposure(TenantModel):
    """What a campaign can cost a day at most: budget in force x over-delivery factor, plus what
    is in flight.
    """

    campaign = models.OneToOneField(
        "campaigns.Campaign", on_delete=models.CASCADE, related_name="+"
    )
    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)
    running_micros = models.BigIntegerField(default=0)
    reserved_micros = models.BigIntegerField(default=0)
    read_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(running_micros__gte=0, reserved_micros__gte=0),
                name="spend_exposure_positive",
            )
        ]


class SpendReservation(TenantModel):
    """A rise held for one Dispatch until it is done, failed or undone."""

    dispatch_id = models.UUIDField()
    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)
    delta_micros = models.BigIntegerField()
    target_micros = models.BigIntegerField()
    state = models.CharField(max_length=8)  # held, settled, released
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "dispatch_id"], name="spend_reservation_once")
        ]
