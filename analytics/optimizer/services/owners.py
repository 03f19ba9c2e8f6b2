"""In whose name a rule acts: the credential that wrote it last, looked up before every action."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.domain.scopes import PERSON_GRANTED, ROLE_SCOPES, app_limits, expand, within
from accounts.models import ApiKey, Membership, Tenant
from accounts.queries import business_limits
from analytics.optimizer.domain.actions import COMMANDS, Action
from analytics.optimizer.models import Rule
from campaigns.domain.operations import scopes_of
from core.actors import Actor, ActorKind, Channel, Environment
from core.errors import ForbiddenError, NotFoundError
from core.ids import decode, encode

OWNERS = frozenset({ActorKind.API_KEY, ActorKind.OAUTH_APP})  # besides a person


class OwnerGoneError(Exception):
    """The owner's authority has ended; `reason` is what the rule shows."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class TenantSuspendedError(Exception):
    """Nothing acts for a suspended organisation; its rules go on once it is let back in."""


def scopes_of_actor(actor: Actor) -> frozenset[str]:
    """What the credential may do; a person's role in the terms of scopes."""
    if actor.is_person:
        return expand(ROLE_SCOPES[str(actor.role)])
    return actor.scopes


def take_over(rule: Rule, actor: Actor) -> None:
    """Let the rule act for `actor` from now on; the caller saves it.

    Raises ForbiddenError for a credential that may not do the rule's action itself, and for one
    that cannot be looked up again.
    """
    if actor.user_id is None or not (actor.is_person or actor.kind in OWNERS):
        raise ForbiddenError(
            _("Only a person, an API key or an app can answer for a rule."),
            code="rule_owner_unsupported",
            hint=_("Send the request with an API key."),
        )
    held = scopes_of_actor(actor)
    for scope in scopes_of(COMMANDS[Action(rule.action)], {}):
        if scope not in held:
            raise ForbiddenError(
                _("The action of the rule needs the scope %(scope)s.") % {"scope": scope},
                code="insufficient_scope",
                details={"required_scope": scope, "field": "action.type"},
            )
    rule.owner_kind, rule.owner_id = actor.kind, actor.id
    rule.owner_chain = list(dict.fromkeys((actor.id, *actor.roots)))
    rule.owner_user_id, rule.stopped_reason = actor.user_id, ""


def actor_of(rule: Rule, *, now: datetime) -> Actor:
    """The rule at work, with what its owner may do at this moment; never a person.

    Raises OwnerGoneError where the key, the app's access, the membership or the scope has ended, or
    the business is beyond the owner's limits, and TenantSuspendedError.
    """
    if Tenant.objects.filter(pk=rule.tenant_id, is_suspended=True).exists():
        raise TenantSuspendedError
    rows = Membership.objects.select_related("user").filter(user_id=rule.owner_user_id)
    member = rows.first()
    if member is None or not member.user.is_active:
        raise OwnerGoneError("membership_ended")
    if rule.owner_kind == ActorKind.API_KEY:
        scopes, bound = _key_rights(rule, now=now)
    elif rule.owner_kind == ActorKind.OAUTH_APP:
        scopes, bound = _app_rights(rule, member.role, now=now)
    else:
        scopes, bound = expand(ROLE_SCOPES[member.role]), None
    public = encode("rule", rule.pk)
    actor = Actor(
        kind=ActorKind.OPTIMIZER,
        id=public,
        tenant_id=rule.tenant_id,
        channel=Channel.TASK,
        request_id="",
        label=rule.name,
        scopes=scopes - PERSON_GRANTED,
        environment=Environment(rule.environment),
        business_id=bound,
        business_ids=business_limits(member.business_ids),
        user_id=rule.owner_user_id,
        roots=tuple(dict.fromkeys((public, *rule.owner_chain))),
    )
    if not actor.may_see_business(rule.business_id):
        raise OwnerGoneError("business_not_allowed")
    if not scopes.issuperset(scopes_of(COMMANDS[Action(rule.action)], {})):
        raise OwnerGoneError("scope_missing")
    return actor


def _key_rights(rule: Rule, *, now: datetime) -> tuple[frozenset[str], UUID | None]:
    key = _key(rule)
    if key is None or key.application_id is not None or not key.is_alive(now):
        raise OwnerGoneError("key_ended")
    return expand(key.scopes), key.business_id


def _app_rights(rule: Rule, role: str, *, now: datetime) -> tuple[frozenset[str], UUID | None]:
    """What the person's role still allows the app of the one scope that the rule was made with: a
    token may have been narrower than what was allowed.
    """
    key = _key(rule)
    application = None if key is None else key.application
    if key is None or application is None or application.removed_at or not key.is_alive(now):
        raise OwnerGoneError("access_ended")
    held = expand(within(key.scopes, app_limits(role)))
    return held.intersection(scopes_of(COMMANDS[Action(rule.action)], {})), key.business_id


def _key(rule: Rule) -> ApiKey | None:
    try:
        wanted = decode("key", rule.owner_id)
    except NotFoundError:
        return None
    found: ApiKey | None = ApiKey.objects.select_related("application").filter(pk=wanted).first()
    return found
