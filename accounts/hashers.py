"""Password hashing sized for small hosts."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id, 19 MiB, t=2, p=1: OWASP's minimum, so that parallel sign-ins fit in a small
    machine.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
