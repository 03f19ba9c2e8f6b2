"""Events out: endpoints, signing, deliveries."""
