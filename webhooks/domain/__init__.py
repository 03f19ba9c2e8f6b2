"""Pure rules of the room `webhooks`."""
