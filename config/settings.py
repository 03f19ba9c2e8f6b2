"""The one settings module; every value comes from `config.env` and is documented in
`.env.example`.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from config import env
from config.beat import SCHEDULE
from config.database import is_owner_process
from config.logs import logging_of
from config.oauth import oauth_provider
from core.crypto import KeyRing, parse_key_ring

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# --- Who this process is ------------------------------------------------------------------------
ROLES = frozenset({"all_in_one", "web", "stream", "worker", "dispatcher", "beat", "simulator"})
ROLE = env.choice("ROLE", ROLES, "all_in_one")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, minimum=1)
WORKERS = env.integer("WORKERS", 1, minimum=1)
THREADS = env.integer("THREADS", 4, minimum=1)
AUTO_MIGRATE = env.boolean("AUTO_MIGRATE", default=True)
DEBUG = env.boolean("DEBUG")
DEMO = env.boolean("DEMO")
INSECURE_SECRET = "insecure-development-secret-change-me-0123456789"  # noqa: S105 - refused in production by a check
SECRET_KEY = env.text("SECRET_KEY") or INSECURE_SECRET
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
SANDBOX_HOST = env.text("SANDBOX_HOST")
SECURE = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]


def _key_ring() -> KeyRing:
    text = env.text("ENCRYPTION_KEYS")
    if text:
        try:
            return parse_key_ring(text)
        except ValueError as error:
            env.problems.append(f"ENCRYPTION_KEYS: {error}.")
    derived = hashlib.sha256(f"encryption:{SECRET_KEY}".encode()).digest()
    return parse_key_ring(f"derived:{base64.b64encode(derived).decode()}")


KEY_RING = _key_ring()
SEALS_WITH_OWN_KEY = "derived" not in KEY_RING.keys


def _audit_key() -> bytes:
    """Ed25519 seed that signs the heads of audit chains."""
    text = env.text("AUDIT_SIGNING_KEY")
    try:
        seed = base64.b64decode(text, validate=True)
    except ValueError:
        seed = b"?"
    if text and len(seed) != 32:
        env.problems.append("AUDIT_SIGNING_KEY must be base64 of 32 bytes.")
    if len(seed) == 32:
        return seed
    return hashlib.sha256(f"audit:{SECRET_KEY}".encode()).digest()


AUDIT_SIGNING_KEY = _audit_key()

# --- Databases, cache, queue --------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'adamant.sqlite3'}"
MIGRATION_DATABASE_URL = env.text("MIGRATION_DATABASE_URL")
ADMIN_DATABASE_URL = env.text("ADMIN_DATABASE_URL")
SIM_DATABASE_URL = env.text("SIM_DATABASE_URL") or f"sqlite:///{VAR_DIR / 'simulator.sqlite3'}"
RUNTIME_DB_ROLE = env.text("RUNTIME_DB_ROLE", "adamant_runtime")
ADMIN_DB_ROLE = env.text("ADMIN_DB_ROLE", "adamant_admin")
LOOKUP_DB_ROLE = env.text("LOOKUP_DB_ROLE", "adamant_lookup")
# A statement is prepared on a connection once it was run this often there; 0: never.
PREPARE_THRESHOLD = env.integer("DATABASE_PREPARE_THRESHOLD", 5)


def _database(url: str, *, role: str = "") -> dict[str, Any]:
    """Django database entry; `role` is assumed on connect where the URL's user is not yet that
    role.
    """
    entry: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=None))
    if "sqlite" in entry["ENGINE"]:
        entry["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
            "PRAGMA foreign_keys=ON; PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY;",
        }
    else:
        entry["CONN_HEALTH_CHECKS"] = True
        entry["ASSUME_ROLE"] = role
        entry["OPTIONS"] = {
            **entry.get("OPTIONS", {}),
            "server_side_binding": True,
            "prepare_threshold": PREPARE_THRESHOLD or None,
        }
    entry["ATOMIC_REQUESTS"] = False
    return entry


_owner_url = MIGRATION_DATABASE_URL if is_owner_process() else ""
DATABASES = {
    "default": _database(
        _owner_url or DATABASE_URL, role="" if MIGRATION_DATABASE_URL else RUNTIME_DB_ROLE
    ),
    "sim": _database(SIM_DATABASE_URL) | {"CONN_MAX_AGE": None},
}
IS_POSTGRES = "postgresql" in DATABASES["default"]["ENGINE"]
if IS_POSTGRES:
    DATABASES["admin"] = _database(
        ADMIN_DATABASE_URL or DATABASE_URL, role="" if ADMIN_DATABASE_URL else ADMIN_DB_ROLE
    )
    DATABASES["admin"]["TEST"] = {"MIRROR": "default"}
ADMIN_DATABASE = "admin" if IS_POSTGRES else "default"
DATABASE_ROUTERS = ["config.routers.SimulatorRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL") or REDIS_URL
EMBEDDED = not CELERY_BROKER_URL
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "adamant"}
}

# --- Applications -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "campaigns",
    "creatives",
    "analytics",
    "analytics.optimizer",
    "platforms",
    "platforms.metrics",
    "platforms.simulator",
    "billing",
    "webhooks",
    "accounts",
    "config.apps.AdamantAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "rest_framework",
    "drf_spectacular_sidecar",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "oauth2_provider",
]
MIDDLEWARE = [
    "config.middleware.request_context",
    "billing.throttling.rate_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "core.sessions.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.web.html_errors",
]
ROOT_URLCONF = "platforms.simulator.urls" if ROLE == "simulator" else "config.urls"
if ROLE == "simulator":
    INSTALLED_APPS = ["config.apps.ConfigConfig", "platforms.simulator"]
    MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["core.fragments"],
            "libraries": {"browsers": "accounts.browsers"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.faces.context.page",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- People -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PersonBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 8},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts.adapter sends unproven mailboxes to our code page
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_FORMS = {"reset_password": "accounts.forms.ResetForm"}
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # this session gets a new id, the others end
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "reset_password": "20/m/ip,5/h/key",
    "reset_password_from_key": "20/m/ip",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "accounts.forms.FactorForm",
    "reauthenticate": "accounts.forms.FactorAgainForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
MFA_TOTP_ISSUER = "Adamant"
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
STRONG_AUTH_MAX_AGE_S = 15 * 60

SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_ENGINE = "core.sessions"

# --- Browser hardening --------------------------------------------------------------------------
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF],
    "connect-src": [CSP.SELF],
}
SECURE_SSL_REDIRECT = SECURE and env.boolean("SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
X_FRAME_OPTIONS = "DENY"
if env.boolean("TRUST_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXY_COUNT = 1 if env.boolean("TRUST_PROXY") else 0
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- REST ---------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.ScopeRequired"],
    "DEFAULT_RENDERER_CLASSES": ["accounts.rendering.OrjsonRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "accounts.rendering.JsonNegotiation",
    "DEFAULT_PARSER_CLASSES": ["accounts.rendering.DecimalJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["billing.throttling.PlanThrottle"],
    "EXCEPTION_HANDLER": "accounts.rendering.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
# --- OAuth authorization server -----------------------------------------------------------------
OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.OAuthApplication"
OAUTH2_PROVIDER_GRANT_MODEL = "accounts.OAuthGrant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "accounts.OAuthAccessToken"  # noqa: S105 - a table
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "accounts.OAuthRefreshToken"  # noqa: S105 - a table
OAUTH2_PROVIDER = oauth_provider(PUBLIC_URL)

PLAN_THROTTLE = env.boolean("PLAN_THROTTLE", default=True)
BATCH_THREADS = env.integer("BATCH_THREADS", 4, minimum=1)

# --- Mail, files --------------------------------------------------------------------------------
EMAIL_URL = env.text("EMAIL_URL")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Ads Agents <no-reply@localhost>")
MAIL_DIR = VAR_DIR / "mail"
# Mails hold codes and links that open accounts: the demo's pages show them to this machine only.
_is_private = {HOST, urlsplit(PUBLIC_URL).hostname} <= LOOPBACK
SHOWS_MAIL = DEMO and (_is_private or env.boolean("DEMO_MAILBOX"))
_FILE_MAILER = {
    "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
    "OPTIONS": {"file_path": str(MAIL_DIR)},
}


def _smtp_mailer(url: str) -> dict[str, Any]:
    """Mailer of `smtp://user:password@host:port`, `smtp+tls://` (STARTTLS) or `smtps://`."""
    parts = urlsplit(url)
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname or "localhost",
            "port": parts.port or 25,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp+tls",
            "use_ssl": parts.scheme == "smtps",
            "timeout": 10,
        },
    }


MAILERS = {"default": _smtp_mailer(EMAIL_URL) if EMAIL_URL else _FILE_MAILER}
MEDIA_ROOT = VAR_DIR / "media"
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns about a directory that is not there
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.storage.StaticStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG or DEMO

# --- Language and time --------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# --- Platforms ----------------------------------------------------------------------------------
SIMULATOR_URL = env.text("SIMULATOR_URL", "http://127.0.0.1:8001").rstrip("/")
# `/sim/…` of this host leads to a simulator that only this machine can reach.
SIMULATOR_PROXIED = urlsplit(SIMULATOR_URL).hostname in LOOPBACK and bool(DEMO or SANDBOX_HOST)
_shares_address = SIMULATOR_PROXIED and urlsplit(PUBLIC_URL).hostname not in LOOPBACK
SIMULATOR_PUBLIC_URL = env.text("SIMULATOR_PUBLIC_URL").rstrip("/") or (
    f"{PUBLIC_URL}/sim" if _shares_address else ""
)
SIMULATOR_TRUTH_TOKEN = env.text("SIMULATOR_TRUTH_TOKEN")
META_GRAPH_URL = env.text("META_GRAPH_URL", "https://graph.facebook.com").rstrip("/")
META_DIALOG_URL = env.text("META_DIALOG_URL", "https://www.facebook.com").rstrip("/")
META_API_VERSION = env.text("META_API_VERSION", "v26.0")
META_APP_ID = env.text("META_APP_ID")
META_APP_SECRET = env.text("META_APP_SECRET")
# Forms that begin a consent end, after redirects, on the platform's page.
_consent_page = SIMULATOR_PUBLIC_URL or SIMULATOR_URL
SECURE_CSP["form-action"] += [PUBLIC_URL, META_DIALOG_URL, _consent_page]
SIM_APP_ID = "1000000000000001"
SIM_SEED = env.integer("SIM_SEED", 1)
SIM_START = env.text("SIM_START")
SIM_REJECTED_PERCENT = env.integer("SIM_REJECTED_PERCENT", 0)
SIM_READ_LAG_S = env.integer("SIM_READ_LAG_S", 0)
SIM_SECONDS_PER_HOUR = env.integer("SIM_SECONDS_PER_HOUR", 0)
SIM_APP_SECRET = env.text("SIM_APP_SECRET", "simulated-app-secret")
DEV_WEBHOOK_HOSTS = frozenset(env.items("DEV_WEBHOOK_HOSTS"))

# --- AI content ---------------------------------------------------------------------------------
# A provider without a key is not used; without any the local one writes and draws.
ANTHROPIC_API_KEY = env.text("ANTHROPIC_API_KEY")
ANTHROPIC_URL = env.text("ANTHROPIC_URL", "https://api.anthropic.com").rstrip("/")
ANTHROPIC_MODEL = env.text("ANTHROPIC_MODEL", "claude-sonnet-5-5")
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_URL = env.text("OPENAI_URL", "https://api.openai.com/v1").rstrip("/")
OPENAI_TEXT_MODEL = env.text("OPENAI_TEXT_MODEL", "gpt-5.5")
OPENAI_IMAGE_MODEL = env.text("OPENAI_IMAGE_MODEL", "gpt-image-2")
XAI_API_KEY = env.text("XAI_API_KEY")
XAI_URL = env.text("XAI_URL", "https://api.x.ai/v1").rstrip("/")
XAI_MODEL = env.text("XAI_MODEL", "grok-4")
STABILITY_API_KEY = env.text("STABILITY_API_KEY")
STABILITY_URL = env.text("STABILITY_URL", "https://api.stability.ai").rstrip("/")
STABILITY_MODEL = env.text("STABILITY_MODEL", "core")

# --- The gate -----------------------------------------------------------------------------------
UNDO_WINDOW_S = env.integer("UNDO_WINDOW_S", 30)
APPROVAL_EXPIRY_H = env.integer("APPROVAL_EXPIRY_H", 72, minimum=1)
DISPATCH_THREADS = env.integer("DISPATCH_THREADS", 2, minimum=1)
DISPATCH_LEASE_S = env.integer("DISPATCH_LEASE_S", 60, minimum=1)
DISPATCH_CALL_TIMEOUT_S = env.integer("DISPATCH_CALL_TIMEOUT_S", 20, minimum=1)
DISPATCH_BEAT_S = env.integer("DISPATCH_BEAT_S", 1, minimum=1)
RECONCILE_LAG_S = env.integer("RECONCILE_LAG_S", 30)
SYNC_INTERVAL_S = env.integer("SYNC_INTERVAL_S", 900, minimum=1)
METRICS_LATE_DAYS = env.integer("METRICS_LATE_DAYS", 28, minimum=1)

# --- Payments -----------------------------------------------------------------------------------
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRET = env.text("STRIPE_WEBHOOK_SECRET")
STRIPE_API_URL = env.text("STRIPE_API_URL", "https://api.stripe.com").rstrip("/")
BILLING_GRACE_DAYS = env.integer("BILLING_GRACE_DAYS", 7)
if STRIPE_SECRET_KEY:  # a form of ours ends, after a redirect, on Stripe's own page
    SECURE_CSP["form-action"] += ["https://billing.stripe.com", "https://checkout.stripe.com"]

# --- Celery -------------------------------------------------------------------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = SCHEDULE

# --- Logs ---------------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", frozenset({"DEBUG", "INFO", "WARNING", "ERROR"}), "INFO")
LOGGING = logging_of(LOG_LEVEL)

# Schema commands run as the owner; everything else as the runtime role (see config.database).
ASSUME_ROLES = not is_owner_process()

# Test databases are named after the checkout, so that two checkouts do not meet; SQLite's are
# files, since threads
# cannot share an in-memory database with immediate transactions.
_checkout = hashlib.sha256(str(BASE_DIR).encode()).hexdigest()[:8]
for _alias in ("default", "sim"):
    _is_sqlite = "sqlite" in DATABASES[_alias]["ENGINE"]
    DATABASES[_alias].setdefault("TEST", {})["NAME"] = (
        str(VAR_DIR / f"test_{_alias}.sqlite3")
        if _is_sqlite
        else f"test_adamant_{_alias}_{_checkout}"
    )
