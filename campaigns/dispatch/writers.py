"""Platform → connector: the only place that knows a writer."""

from collections.abc import Callable

from platforms import queries
from platforms.errors import PlatformError
from platforms.meta.writer import MetaWriter
from platforms.models import AdAccount
from platforms.ports import Credentials, Reader, Writer

WRITERS: dict[str, Callable[[Credentials], Writer]] = {"meta": MetaWriter}


def connect(account: AdAccount) -> tuple[Reader, Writer]:
    """Reader and writer of an ad account; call inside the tenant's scope.

    Raises PlatformError of kind `auth` where the connection is not alive.
    """
    if account.connection.status != "connected":
        raise PlatformError("auth", "The connection to the platform must be renewed.")
    writer = WRITERS[account.platform](queries.credentials(account))
    return queries.open_reader(account), writer
