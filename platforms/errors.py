"""What a platform can answer besides success."""

from core.errors import AppError

KINDS = frozenset(
    {"auth", "permission", "invalid", "rate_limited", "not_found", "unavailable", "unknown"}
)


class PlatformError(AppError):
    """A platform refused or did not answer.

    `kind` is one of KINDS. `rate_limited` and `unavailable` mean that nothing happened and may be
    retried;
    `unknown` means that the change may have happened and must be looked up first; once the
    look-ups agree that it did not, the answer meant `if_absent_kind`: a kind of KINDS when the
    platform's refusal could be read (`invalid` is then for good), empty when it could not.
    """

    code = "platform_error"
    status = 502

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        platform_code: str = "",
        retry_after_s: int = 0,
        if_absent_kind: str = "",
    ) -> None:
        if kind not in KINDS or if_absent_kind not in KINDS | {""}:
            raise ValueError(kind)
        super().__init__(message, details={"kind": kind, "platform_code": platform_code})
        self.kind = kind
        self.platform_code = platform_code
        self.retry_after_s = retry_after_s
        self.if_absent_kind = if_absent_kind

    @property
    def may_retry(self) -> bool:
        return self.kind in ("rate_limited", "unavailable")
