"""Plans, subscriptions and the limits they carry."""
