"""Images that ads show."""

from django.db import models

from core.tenancy import TenantModel


class Asset(TenantModel):
    """A checked, re-encoded image in storage; equal content is stored once per business."""

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    source_url = models.CharField(max_length=2000, blank=True)
    file = models.CharField(max_length=200)
    content_type = models.CharField(max_length=40)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "business", "digest"], name="asset_once")
        ]
        indexes = [
            models.Index(fields=["tenant", "business", "-created_at"], name="asset_by_business")
        ]
