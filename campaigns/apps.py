from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from campaigns import checks  # noqa: F401 - registers itself
        from campaigns.dispatch import due  # noqa: F401 - look-ups register themselves
        from campaigns.queries import kill  # noqa: F401 - `queries` itself does not import it
        from campaigns.queries.uses import campaigns_through
        from campaigns.services.erasure import erase_person
        from core.registry import register_eraser
        from platforms.services import register_uses

        register_uses("campaigns", campaigns_through)
        register_eraser("campaigns", erase_person)
