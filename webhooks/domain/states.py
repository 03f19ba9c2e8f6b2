"""Words of a delivery."""

PING = "webhook.ping"
ERASED = b"{}"  # the body of a delivery that named an erased person
# As the API says it → as rows say it.
STATES: dict[str, tuple[str, ...]] = {
    "pending": ("ready", "sent"),
    "delivered": ("delivered",),
    "failed": ("failed",),
}
