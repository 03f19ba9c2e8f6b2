"""Reports that were asked for, and their files until they expire."""

from django.db import models

from core.tenancy import TenantModel


class Report(TenantModel):
    """A file of numbers, made in the background and kept for a day.

    `business_id` is None where all businesses of the environment were asked for, which only an
    unlimited credential may do and see. `params` is the checked request, with its dates.
    """

    environment = models.CharField(max_length=4)
    business_id = models.UUIDField(null=True, blank=True)
    requested_by = models.CharField(max_length=64)
    user_id = models.UUIDField(null=True, blank=True)
    format = models.CharField(max_length=4)  # json, csv, xlsx
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default="queued")  # queued, running, ready, failed
    error_code = models.CharField(max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField(default=0)
    size = models.PositiveIntegerField(default=0)  # bytes
    content = models.BinaryField(default=bytes)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="report_by_tenant"),
            models.Index(
                fields=["created_at"],
                name="report_open",
                condition=models.Q(state__in=["queued", "running"]),
            ),
            models.Index(fields=["expires_at"], name="report_expiry"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(environment__in=["live", "test"]), name="report_environment"
            )
        ]
