"""Errors with a code, a status and a next step; one handler per surface prints them."""

from collections.abc import Mapping
from typing import Any


class AppError(Exception):
    """An error meant for the caller.

    `code` is stable and machine-readable, `message` names what is wrong, `hint` the next step,
    `details`
    the field and the rule. `status` is the HTTP status of the faces.
    """

    code = "error"
    status = 400
    message = "The request could not be carried out."
    hint = ""
    commits = False  # True: what was written before it was raised stays (a denial's verdict)

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        status: int = 0,
        details: Mapping[str, Any] | None = None,
        hint: str = "",
    ) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.status = status or self.status
        self.hint = hint or self.hint
        self.details: dict[str, Any] = dict(details or {})
        super().__init__(f"{self.code}: {self.message}")


class NotFoundError(AppError):
    """Missing and foreign objects alike: the two are not told apart."""

    code = "not_found"
    status = 404
    message = "No such object."
    hint = "Check the id and the environment of the key."


class ForbiddenError(AppError):
    code = "forbidden"
    status = 403
    message = "This credential may not do that."


class UnauthenticatedError(AppError):
    code = "unauthorized"
    status = 401
    message = "Missing or invalid credentials."
    hint = "Send Authorization: Bearer <api key>."


class ConflictError(AppError):
    code = "conflict"
    status = 409
    message = "The object is not in a state that allows this."


class InvalidError(AppError):
    """A field value that breaks a rule. `field` is the key the caller sent."""

    code = "validation_error"
    status = 422
    message = "A field has an invalid value."

    def __init__(self, message: str = "", *, field: str = "", **kwargs: Any) -> None:
        details = dict(kwargs.pop("details", None) or {})
        if field:
            details.setdefault("field", field)
        super().__init__(message, details=details, **kwargs)


class RateLimitedError(AppError):
    code = "rate_limited"
    status = 429
    message = "Too many requests."

    def __init__(self, message: str = "", *, retry_after: int, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after
