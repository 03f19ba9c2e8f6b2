"""The demo's tenant: people with their roles, three businesses, the agent's key."""

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress

from accounts.domain.scopes import DOCUMENTED
from accounts.models import Business, Membership, Tenant, User
from accounts.services.businesses import create_business
from accounts.services.keys import NewKey, grant_key
from billing.models import Subscription
from campaigns.services import set_authority
from core.actors import Actor, ActorKind, Channel, Role
from core.ids import encode
from core.tenancy import tenant_tx

GROWTH_PLAN = 4
PEOPLE = {
    Role.OWNER: ("Olivia", "Okafor"),
    Role.BUYER: ("Bruno", "Keller"),
    Role.APPROVER: ("Priya", "Nair"),
}
AUTO = {"creative": "auto", "tactical": "auto", "structural": "auto"}
DRAFT = {"creative": "draft", "tactical": "draft", "structural": "draft"}
NO_STRUCTURE = {"creative": "draft", "tactical": "draft", "structural": "off"}
BUSINESSES = (
    ("Harbor Coffee", AUTO),
    ("Alpine Outfitters", DRAFT),
    ("Willow & Bee", NO_STRUCTURE),
)


@dataclass
class DemoCast:
    """Who acts in the demo, and for whom."""

    tenant: Tenant
    actors: dict[Role, Actor]
    businesses: list[Business]


def email_of(role: Role) -> str:
    """The log-in of a role."""
    return f"{role}@demo.example"


def is_begun() -> bool:
    """Whether a seeding was begun in this database."""
    return User.objects.filter(email=email_of(Role.OWNER)).exists()


def make_people(*, password: str, now: datetime) -> DemoCast:
    """Insert tenant, people and businesses; authority as the first demo page shows it."""
    tenant = Tenant.objects.create(name="Northwind Agency", created_at=now)
    actors = {}
    with tenant_tx(tenant.id):
        Subscription.objects.create(
            tenant_id=tenant.id, plan_id=GROWTH_PLAN, status="active", created_at=now
        )
        for role, name in PEOPLE.items():
            actors[role] = _person(tenant, role, name, password=password, now=now)
    businesses = []
    for title, modes in BUSINESSES:
        business = create_business(actors[Role.OWNER], name=title, environment="test", now=now)
        set_authority(business.pk, actor=actors[Role.OWNER], now=now, modes=modes)
        businesses.append(business)
    return DemoCast(tenant, actors, businesses)


def _person(
    tenant: Tenant, role: Role, name: tuple[str, str], *, password: str, now: datetime
) -> Actor:
    user = User.objects.create_user(
        email_of(role),
        password,
        first_name=name[0],
        last_name=name[1],
        created_at=now,
        email_verified_at=now,
        is_staff=role is Role.OWNER,
        is_superuser=role is Role.OWNER,
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    Membership.objects.create(tenant_id=tenant.id, user=user, role=role, created_at=now)
    user_id = encode("user", user.pk)
    return Actor(
        kind=ActorKind.USER,
        id=user_id,
        tenant_id=tenant.id,
        channel=Channel.DASHBOARD,
        request_id="",
        label=user.full_name,
        user_id=user.pk,
        role=role,
        roots=(user_id,),
        strong_auth_at=now.timestamp(),
    )


def make_key(cast: DemoCast, *, now: datetime) -> str:
    """The agent's key, for all three businesses; returns its plain token."""
    new = NewKey(name="Demo agent", scopes=list(DOCUMENTED))
    _key, token = grant_key(cast.actors[Role.OWNER], new, environment="test", now=now)
    return token
