"""Base of Celery tasks that work for one tenant."""

from typing import Any
from uuid import UUID

import structlog
from celery.contrib.django.task import DjangoTask


class TenantTask(DjangoTask):  # type: ignore[misc] # Celery ships no types
    """A task whose message holds ids alone, `tenant_id` among them, all by keyword.

    The log lines of the run carry the tenant; rows are touched inside `tenant_tx(tenant_id)`, so
    that no call to the outside happens in a transaction. Publish with `delay_on_commit`.
    """

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if args:
            raise TypeError("ids travel by keyword")
        ids = {name: UUID(str(value)) for name, value in kwargs.items()}
        with structlog.contextvars.bound_contextvars(tenant=str(ids["tenant_id"])):
            return self.run(**ids)
