"""Images that ads show, requests for new ones and for copy, and how a business wants them."""

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


class BrandRules(TenantModel):
    """How a business speaks and looks; no row: no rule. Colours are `#rrggbb`."""

    business = models.OneToOneField("accounts.Business", on_delete=models.CASCADE, related_name="+")
    voice = models.CharField(max_length=500, blank=True)
    banned_words = models.JSONField(default=list)
    colors = models.JSONField(default=list)
    logo = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+", null=True)
    updated_at = models.DateTimeField()


class Generation(TenantModel):
    """One request for copy or images: what was asked for, where it stands, what came of it.

    While it is `processing`, `next_attempt_at` says from when on a worker may take it (again):
    whoever holds it has set that into the future and has raised `attempts`.
    """

    business = models.ForeignKey("accounts.Business", on_delete=models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4)
    kind = models.CharField(max_length=10)  # text, image, variations
    status = models.CharField(max_length=10, default="processing")
    input = models.JSONField()  # the request's fields, plain and capped
    provider = models.CharField(max_length=20)  # as asked for; who made it once completed
    model = models.CharField(max_length=80, blank=True)
    variations = models.JSONField(default=list)
    error_code = models.CharField(max_length=40, blank=True)
    reservation_id = models.UUIDField()
    credits_reserved = models.PositiveIntegerField()
    credits_used = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="generation_newest"),
            models.Index(
                fields=["next_attempt_at"],
                name="generation_due",
                condition=models.Q(status="processing"),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["processing", "completed", "failed"]),
                name="generation_status",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["text", "image", "variations"]),
                name="generation_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(credits_used__lte=models.F("credits_reserved")),
                name="generation_credits",
            ),
        ]
