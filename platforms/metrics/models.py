"""Delivery facts. Plain ids, no foreign keys upward."""

from django.db import models

from core.tenancy import TenantModel


class MetricFact(TenantModel):
    """What one ad delivered on one day of its ad account's zone on one publisher platform.

    Rows are overwritten by later reads of the same day: conversions arrive late.
    """

    business_id = models.UUIDField()
    ad_account_id = models.UUIDField()
    campaign_id = models.UUIDField()
    ad_set_id = models.UUIDField()
    ad_id = models.UUIDField()
    day = models.DateField()
    publisher_platform = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    impressions = models.PositiveBigIntegerField(default=0)
    clicks = models.PositiveBigIntegerField(default=0)
    spend_micros = models.BigIntegerField(default=0)
    conversions = models.PositiveBigIntegerField(default=0)
    conversion_value_micros = models.BigIntegerField(default=0)
    synced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "day", "ad_id", "publisher_platform"], name="metric_fact_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "campaign_id", "day"], name="metric_fact_by_campaign"),
            models.Index(fields=["tenant", "business_id", "day"], name="metric_fact_by_business"),
        ]


class CampaignTotals(TenantModel):
    """Lifetime sums of one campaign's facts: `services` recomputes them wherever it writes facts,
    so that no list adds up years of days. Money is micros of the facts' currency.
    """

    campaign_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    impressions = models.PositiveBigIntegerField(default=0)
    clicks = models.PositiveBigIntegerField(default=0)
    spend_micros = models.BigIntegerField(default=0)
    conversions = models.PositiveBigIntegerField(default=0)
    conversion_value_micros = models.BigIntegerField(default=0)
    days = models.PositiveIntegerField()
    last_day = models.DateField()
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "campaign_id"], name="campaign_totals_once")
        ]
