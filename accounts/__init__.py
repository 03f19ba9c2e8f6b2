"""Tenants, people, keys; audit, verdicts, events and idempotency that every write leaves behind."""
