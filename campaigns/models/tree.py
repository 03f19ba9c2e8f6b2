"""One tree for every platform: Campaign > AdSet > Ad > Creative."""

from django.db import models

from core.tenancy import TenantModel

STATUSES = ["DRAFT", "ACTIVE", "PAUSED", "COMPLETED", "ARCHIVED", "DELETED"]


class TreeNode(TenantModel):
    """What campaign, ad set and ad share: our status, the platform's, and the last read of it.

    `status` is what we want, `effective_status` what the platform or the gate says
    (PENDING_APPROVAL, LAUNCHING,
    IN_REVIEW, DISAPPROVED, WITH_ISSUES …). `external_id` is empty while the object is local.
    """

    name = models.CharField(max_length=400)
    status = models.CharField(max_length=10, default="DRAFT")
    effective_status = models.CharField(max_length=30, default="DRAFT")
    external_id = models.CharField(max_length=64, blank=True)
    issues = models.JSONField(default=list, blank=True)  # [{code, summary, message, level}]
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def is_local(self) -> bool:
        """Not yet at a platform. An open launch binds it to the gate all the same."""
        return not self.external_id


class Campaign(TreeNode):
    """A campaign of one business on one ad account; money is micros of `currency`."""

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4)
    ad_account = models.ForeignKey(
        "platforms.AdAccount", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    objective = models.CharField(max_length=20)
    platforms = models.JSONField(default=list)
    budget_type = models.CharField(max_length=8, default="daily")
    budget_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    start_date = models.DateField(null=True, blank=True)
    end_date = models.DateField(null=True, blank=True)
    optimization = models.JSONField(default=dict, blank=True)
    product_description = models.TextField(blank=True)
    message = models.TextField(blank=True)
    target_url = models.CharField(max_length=2000, blank=True)
    audience_description = models.TextField(blank=True)
    target_location = models.CharField(max_length=200, blank=True)
    launched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "business", "-created_at", "-id"], name="campaign_by_business"
            ),
            models.Index(
                fields=["tenant", "environment", "-created_at", "-id"],
                name="campaign_by_environment",
            ),
            models.Index(
                fields=["tenant", "ad_account", "external_id"], name="campaign_by_external_id"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=STATUSES), name="campaign_status"),
            models.CheckConstraint(
                condition=models.Q(budget_micros__gte=0), name="campaign_budget_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="campaign_environment"
            ),
        ]


class AdSet(TreeNode):
    """Whom a campaign's ads reach. `targeting` is the Agent API's shape."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="ad_sets")
    targeting = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(
                fields=["tenant", "campaign", "created_at", "id"], name="ad_set_by_campaign"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=STATUSES), name="ad_set_status")
        ]


class Creative(TenantModel):
    """What an ad says. Its content never changes at a platform: new text is a new row."""

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    headline = models.CharField(max_length=255, blank=True)
    primary_text = models.TextField(blank=True)
    description = models.CharField(max_length=255, blank=True)
    image_url = models.CharField(max_length=2000, blank=True)
    image_digest = models.CharField(max_length=64, blank=True)
    image_hash = models.CharField(max_length=64, blank=True)
    call_to_action = models.CharField(max_length=30, default="learn_more")
    link_url = models.CharField(max_length=2000)
    external_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "business", "-created_at"], name="creative_by_business")
        ]


class Ad(TreeNode):
    """One ad: a creative inside an ad set."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="ads")
    ad_set = models.ForeignKey(AdSet, on_delete=models.CASCADE, related_name="ads")
    creative = models.ForeignKey(Creative, on_delete=models.PROTECT, related_name="+")
    generation_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "ad_set", "created_at", "id"], name="ad_by_ad_set"),
            models.Index(fields=["tenant", "campaign", "created_at", "id"], name="ad_by_campaign"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=STATUSES), name="ad_status")
        ]
