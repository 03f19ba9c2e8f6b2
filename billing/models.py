"""Plans are rows, not code."""

from django.db import models

from core.tenancy import TenantModel


class Plan(models.Model):
    """What a tenant may buy; ids 1 to 4 are public. A limit of None is unlimited."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    slug = models.CharField(max_length=20, unique=True)
    alias = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=40)
    price_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="USD")
    requests_per_minute = models.PositiveIntegerField()
    requests_per_day = models.PositiveIntegerField()
    generations_per_month = models.PositiveIntegerField(null=True, blank=True)
    research_credits_per_month = models.PositiveIntegerField(null=True, blank=True)
    max_campaigns = models.PositiveIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Subscription(TenantModel):
    """A tenant's plan; no open row means Free, and so does one that is `unpaid`.

    With an `external_id` it mirrors the payment provider's subscription; without one nobody pays.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12)  # active, past_due, unpaid, cancelled
    external_id = models.CharField(max_length=255, blank=True, default="")
    period_ends_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)  # set: it is not renewed
    wishes_end = models.BooleanField(null=True, blank=True)  # what the provider is to be told
    past_due_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                name="subscription_active_once",
                condition=models.Q(cancelled_at=None),
            ),
            models.UniqueConstraint(
                fields=["tenant", "external_id"],
                name="subscription_external_once",
                condition=~models.Q(external_id=""),
            ),
        ]


class Customer(TenantModel):
    """The tenant at the payment provider. `version` counts the states taken over, so that none is
    overwritten by an older one.
    """

    external_id = models.CharField(max_length=255, unique=True)
    version = models.PositiveIntegerField(default=0)
    refreshed_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="customer_once")]


class Invoice(TenantModel):
    """The provider's invoice as it was last read."""

    external_id = models.CharField(max_length=255)
    number = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=16)  # open, paid, uncollectible, void
    amount_due_micros = models.BigIntegerField()
    amount_paid_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    attempts = models.PositiveIntegerField(default=0)
    pdf_url = models.CharField(max_length=2000, blank=True)
    page_url = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "external_id"], name="invoice_once")
        ]
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="invoice_by_tenant")]


class CheckoutLink(TenantModel):
    """A mailed checkout link: 24 hours, single use."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    token_digest = models.CharField(max_length=64, unique=True)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    session_id = models.CharField(max_length=255, blank=True, default="")
    completed_at = models.DateTimeField(null=True, blank=True)


class CreditLedger(TenantModel):
    """What a tenant has used of one kind of credit in one calendar month (UTC).

    The grant is the plan's and is not stored, so that a larger plan counts at once.
    """

    environment = models.CharField(max_length=4)
    kind = models.CharField(max_length=12)  # generation, research
    month = models.DateField()  # its first day
    used = models.PositiveBigIntegerField(default=0)
    reserved = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "environment", "kind", "month"], name="credit_ledger_once"
            ),
            models.CheckConstraint(
                condition=models.Q(used__gte=0, reserved__gte=0), name="credit_ledger_not_negative"
            ),
        ]


class CreditReservation(TenantModel):
    """Credits held for one piece of work until it is settled or released; the ledger's entries."""

    ledger = models.ForeignKey(CreditLedger, on_delete=models.CASCADE, related_name="+")
    amount = models.PositiveIntegerField()
    used = models.PositiveIntegerField(default=0)
    reference = models.CharField(max_length=64)  # public id of the work
    state = models.CharField(max_length=8, default="open")  # open, settled, released
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(used__lte=models.F("amount")), name="credit_used_within_amount"
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"], name="credit_open", condition=models.Q(state="open")
            )
        ]
