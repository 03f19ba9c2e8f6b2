"""Who acts: the one value every write takes."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    OAUTH_APP = "oauth_app"
    OPTIMIZER = "optimizer"
    PLATFORM = "platform"
    SYSTEM = "system"


class Channel(StrEnum):
    DASHBOARD = "dashboard"
    ADMIN = "admin"
    REST = "rest"
    MCP = "mcp"
    TASK = "task"
    CLI = "cli"


class Environment(StrEnum):
    LIVE = "live"
    TEST = "test"


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    BUYER = "buyer"
    APPROVER = "approver"
    ANALYST = "analyst"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An authenticated credential at work in one tenant.

    `id` is the credential's public id (`user_…`, `key_…`), `roots` the public ids of everything the
    credential descends from, itself included (the proposer chain). `environment` is None for a
    person:
    a session sees live and test businesses. `business_ids` limits a membership; None means all.
    `is_suspended` says that the person's tenant is: agents of such a one get no Actor.
    """

    kind: ActorKind
    id: str
    tenant_id: UUID
    channel: Channel
    request_id: str
    label: str = ""
    scopes: frozenset[str] = frozenset()
    environment: Environment | None = None
    business_id: UUID | None = None
    business_ids: frozenset[UUID] | None = None
    user_id: UUID | None = None
    role: Role | None = None
    roots: tuple[str, ...] = ()
    strong_auth_at: float | None = field(default=None, compare=False)
    is_suspended: bool = field(default=False, compare=False)

    @property
    def is_person(self) -> bool:
        """True for a browser session alone; keys, tokens, tools and mail links are agents."""
        return self.kind is ActorKind.USER and self.channel in (Channel.DASHBOARD, Channel.ADMIN)

    def may_see_business(self, business_id: UUID) -> bool:
        """Whether the credential's own limits (bound key, limited membership) include a
        business.
        """
        if self.business_id is not None and self.business_id != business_id:
            return False
        return self.business_ids is None or business_id in self.business_ids


def system_actor(tenant_id: UUID, *, name: str, request_id: str = "") -> Actor:
    """The product itself at work (loops, beat, commands); never a person, holds no scope."""
    return Actor(
        kind=ActorKind.SYSTEM,
        id=f"system:{name}",
        tenant_id=tenant_id,
        channel=Channel.TASK,
        request_id=request_id,
        label=name,
        roots=(f"system:{name}",),
    )
