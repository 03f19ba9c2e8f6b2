"""Words of endpoints and deliveries."""

PING = "webhook.ping"
ERASED = b"{}"  # the body of a delivery that named an erased person
WEBHOOK, SLACK = "webhook", "slack"  # kinds of endpoints
MISSED = "missed"  # it happened while the endpoint was switched off
# As the API says it → as rows say it.
STATES: dict[str, tuple[str, ...]] = {
    "pending": ("ready", "sent"),
    "delivered": ("delivered",),
    "failed": ("failed",),
    "missed": (MISSED,),
}
