"""What the platform shows is taken over: status, issues, budgets, outside edits, delivery facts."""

from campaigns.sync.connection import SyncResult, due_connections, sync_connection

__all__ = ["SyncResult", "due_connections", "sync_connection"]
