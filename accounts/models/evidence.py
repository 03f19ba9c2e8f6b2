"""What a write leaves behind: verdict, audit chain, outbox, idempotency. No foreign keys to
what it speaks of.
"""

from django.db import models

from core.ids import new_uuid
from core.tenancy import TenantModel


class Verdict(TenantModel):
    """The gate's recorded answer to one Command, with the canonical input that lets anyone
    replay it.
    """

    business_id = models.UUIDField()
    decision = models.CharField(max_length=5)  # allow, queue, deny
    reason = models.CharField(max_length=40, blank=True)
    command_kind = models.CharField(max_length=40)
    target_id = models.CharField(max_length=64, blank=True)
    actor_id = models.CharField(max_length=64)
    input = models.JSONField()
    input_digest = models.CharField(max_length=64)
    policy_version = models.PositiveIntegerField()
    engine_version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="verdict_by_tenant")]


class AuditEvent(TenantModel):
    """One append-only, hash-chained row. Free text and names are in AuditDetail, here stands
    their digest.
    """

    chain_seq = models.PositiveBigIntegerField()
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    event_type = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64)
    channel = models.CharField(max_length=10)
    request_id = models.CharField(max_length=40, blank=True)
    business_id = models.UUIDField(null=True, blank=True)
    target_type = models.CharField(max_length=20, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    verdict_id = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict)
    detail_digest = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "chain_seq"], name="audit_chain_position")
        ]
        indexes = [
            models.Index(fields=["tenant", "-occurred_at", "-id"], name="audit_by_tenant"),
            models.Index(fields=["tenant", "target_id", "-occurred_at"], name="audit_by_target"),
        ]


class AuditDetail(TenantModel):
    """Names, texts, before and after of one audit row: salted, deletable without breaking the
    chain.
    """

    event = models.OneToOneField(
        AuditEvent, on_delete=models.DO_NOTHING, related_name="detail", db_constraint=False
    )
    salt = models.CharField(max_length=32)
    data = models.JSONField()


class AuditHead(TenantModel):
    """The end of a tenant's chain; its row lock orders the writers."""

    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="audit_head_once")]


class SystemAuditEvent(models.Model):
    """The `system` chain: events that belong to no tenant."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    chain_seq = models.PositiveBigIntegerField(unique=True)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    event_type = models.CharField(max_length=60)
    actor_id = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()


class OutboxEvent(TenantModel):
    """A domain event, written in the transaction of its change; deliveries are fanned out from
    here.
    """

    business_id = models.UUIDField(null=True, blank=True)
    environment = models.CharField(max_length=4)
    event_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=64, blank=True)
    payload = models.JSONField()
    # Which event of its object it is, once somebody is told: 1, 2, 3, …
    sequence = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="outbox_by_tenant"),
            models.Index(
                fields=["created_at"],
                name="outbox_unpublished",
                condition=models.Q(published_at=None),
            ),
            models.Index(
                fields=["tenant", "target_id", "-sequence"],
                name="outbox_by_target",
                condition=models.Q(sequence__isnull=False),
            ),
        ]


class IdempotencyRecord(TenantModel):
    """The kept answer of one keyed request, written in the transaction of its effect."""

    principal = models.CharField(max_length=64)
    route = models.CharField(max_length=120)
    key_digest = models.CharField(max_length=64)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    response = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "principal", "route", "key_digest"], name="idempotency_key_once"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]
