"""The people and keys that tests speak of."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from accounts.domain.scopes import DOCUMENTED, expand
from accounts.models import ApiKey, Business, Membership, Tenant, User
from accounts.services.keys import create_key
from core.actors import Actor, ActorKind, Channel, Environment, Role
from core.ids import encode
from core.tenancy import tenant_tx

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


@dataclass
class Cast:
    """One tenant: two businesses, one person a role, one agent key in test with every
    documented scope.
    """

    tenant: Tenant
    test_business: Business
    live_business: Business
    people: dict[Role, User]
    key: ApiKey
    token: str
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def person(self, role: Role = Role.OWNER) -> Actor:
        """A browser session of the person with `role`."""
        user = self.people[role]
        user_id = encode("user", user.id)
        return Actor(
            kind=ActorKind.USER,
            id=user_id,
            tenant_id=self.tenant.id,
            channel=Channel.DASHBOARD,
            request_id="req_test",
            label=user.full_name,
            user_id=user.id,
            role=role,
            roots=(user_id,),
            strong_auth_at=NOW.timestamp(),
        )

    @property
    def agent(self) -> Actor:
        """The agent key at work over REST."""
        key_id = encode("key", self.key.id)
        return Actor(
            kind=ActorKind.API_KEY,
            id=key_id,
            tenant_id=self.tenant.id,
            channel=Channel.REST,
            request_id="req_test",
            label=self.key.name,
            scopes=expand(self.key.scopes),
            environment=Environment.TEST,
            user_id=self.key.user_id,
            roots=(key_id, self.key.root),
        )


def make_cast(name: str) -> Cast:
    """Insert a tenant with its people, businesses and key."""
    tenant = Tenant.objects.create(name=name, created_at=NOW)
    people = {}
    with tenant_tx(tenant.id):
        for role in Role:
            user = User(
                email=f"{role}@{name}.example",
                first_name=role.title(),
                last_name=name.title(),
                created_at=NOW,
                email_verified_at=NOW,
                password="!",
            )
            user.save()
            people[role] = user
            Membership.objects.create(tenant_id=tenant.id, user=user, role=role, created_at=NOW)
        test, live = (
            Business.objects.create(
                tenant_id=tenant.id,
                name=f"{name} {environment}",
                environment=environment,
                created_at=NOW,
            )
            for environment in ("test", "live")
        )
        key, token = create_key(
            tenant_id=tenant.id,
            user_id=people[Role.OWNER].id,
            name=f"{name} agent",
            environment="test",
            scopes=DOCUMENTED,
            root=encode("user", people[Role.OWNER].id),
            now=NOW,
        )
    return Cast(tenant, test, live, people, key, token)
