"""Graph's error envelope."""

from typing import Any
from uuid import uuid4

INVALID_PARAMETER = 100


class GraphError(Exception):
    """An answer other than success; `body()` is what the wire carries."""

    def __init__(
        self,
        message: str,
        *,
        code: int = INVALID_PARAMETER,
        subcode: int = 0,
        status: int = 400,
        title: str = "",
        user_message: str = "",
        kind: str = "OAuthException",
        transient: bool = False,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.code, self.subcode, self.status = message, code, subcode, status
        self.title, self.user_message = title, user_message
        self.kind, self.transient = kind, transient
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": self.message,
            "type": self.kind,
            "code": self.code,
            "is_transient": self.transient,
            "fbtrace_id": f"A{uuid4().hex[:21]}",
        }
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.title:
            error["error_user_title"] = self.title
            error["error_user_msg"] = self.user_message or self.message
        return {"error": error}


def invalid(message: str, *, subcode: int = 0, title: str = "") -> GraphError:
    """The request itself is wrong (code 100)."""
    return GraphError(f"(#100) {message}", subcode=subcode, title=title, user_message=message)


def not_found(graph_id: str, verb: str = "get") -> GraphError:
    """Missing and foreign objects answer alike (100/33)."""
    return GraphError(
        f"Unsupported {verb} request. Object with ID '{graph_id}' does not exist, cannot be loaded "
        "due to missing permissions, or does not support this operation",
        subcode=33,
        kind="GraphMethodException",
    )


def bad_token(message: str, subcode: int = 0) -> GraphError:
    """The token cannot be used (code 190)."""
    return GraphError(message, code=190, subcode=subcode, status=401)


def rate_limited(code: int, subcode: int, headers: dict[str, str]) -> GraphError:
    """Too many calls; 4 is the app's limit, 17 the account's."""
    words = {4: "Application request limit reached", 17: "User request limit reached"}
    return GraphError(
        f"(#{code}) {words.get(code, 'Rate limit reached')}",
        code=code,
        subcode=subcode,
        status=429 if code == 4 else 400,
        title="Ad Account Has Too Many API Calls",
        transient=True,
        headers=headers,
    )
