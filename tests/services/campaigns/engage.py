"""`python -m tests.services.campaigns.engage TENANT BUSINESS USER`: a person's process that throws
the kill switch with a stop of delivery. Failpoints may kill it on the way.
"""

import sys
from uuid import UUID


def main() -> None:
    import django

    django.setup()
    from campaigns.services import engage_kill_switch
    from core.actors import Actor, ActorKind, Channel, Role
    from core.clock import now
    from core.ids import encode

    tenant, business, user = (UUID(text) for text in sys.argv[1:4])
    user_id = encode("user", user)
    person = Actor(
        kind=ActorKind.USER,
        id=user_id,
        tenant_id=tenant,
        channel=Channel.DASHBOARD,
        request_id="req_test",
        user_id=user,
        role=Role.APPROVER,
        roots=(user_id,),
    )
    engage_kill_switch(business, actor=person, now=now(), stop_delivery=True)


if __name__ == "__main__":
    main()
