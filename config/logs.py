"""Log lines are JSON with request and tenant; what looks like a secret never reaches them."""

import logging
import re
from typing import Any

import structlog

SECRET = re.compile(
    r"(aa_(?:live|test|app|refresh)_[0-9A-Za-z]{4})[0-9A-Za-z]+"
    r"|(whsec_)[0-9A-Za-z+/=]+"
    r"|((?:access_token|appsecret_proof|client_secret|code|token|password|fb_exchange_token)[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
    r"|(Bearer\s+)[^\s\"',]+",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """The text with keys, tokens, codes and passwords cut to their label."""
    return SECRET.sub(lambda m: next(group for group in m.groups() if group) + "[redacted]", text)


def _redact_value(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redact_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_redact_value(item) for item in value)
    return value


class RedactSecrets(logging.Filter):
    """Redacts message, arguments and structured fields of every record, exceptions included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _redact_value(record.msg)
        record.args = _redact_value(record.args) if record.args else record.args
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def configure() -> None:
    """Send structlog through the standard library's handlers."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_of(level: str) -> dict[str, Any]:
    """Django's LOGGING: every line as JSON on standard error, secrets redacted."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "structlog.stdlib.ProcessorFormatter",
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
                "foreign_pre_chain": [
                    structlog.contextvars.merge_contextvars,
                    structlog.stdlib.add_log_level,
                    structlog.stdlib.add_logger_name,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                    structlog.processors.format_exc_info,
                ],
            }
        },
        "filters": {"redact": {"()": "config.logs.RedactSecrets"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["redact"]}
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "httpx2": {"level": "WARNING"},
            "kombu.connection": {"level": "ERROR"},  # memory:// has no host, and it says so
            "httpcore2": {"level": "WARNING"},
            "fontTools": {"level": "WARNING"},
            "weasyprint": {"level": "ERROR"},  # a warning for each style it does not know
        },
    }
