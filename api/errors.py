"""Errors of the API.

::

    ApiError
    ├── CodecError              bytes are not one whole stream of the encoding they claim
    ├── KeySetError             a file of keys cannot be used; says why
    ├── NotAskedError           nothing was published: that would mean to wait
    ├── Rejection                 the request gets a problem document; carries a reason code
    └── UnavailableError        a part gave no usable answer in time
        ├── AuthUnavailableError
        ├── CacheUnavailableError
        ├── TablesUnavailableError
        └── StoreUnavailableError
            ├── StoreOverloadedError    too much is on its way to Kafka already
            ├── RecordRefusedError      Kafka will never take this event
            │   └── RecordTooLargeError for its size
            └── SpoolError              the spool cannot keep it either
                └── SpoolFullError
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from contracts.model.validation import Violation
from contracts.reasons import Reason


class ApiError(Exception):
    """Base of everything that can go wrong in the API."""


class CodecError(ApiError):
    """Bytes are not one whole stream of the encoding they claim to be in."""


class KeySetError(ApiError):
    """A file of keys cannot be used."""


class NotAskedError(ApiError):
    """Nothing was published: whoever publishes would have to wait, which the caller cannot."""


class UnavailableError(ApiError):
    """A part gave no usable answer in time; the same call may succeed later."""


class AuthUnavailableError(UnavailableError):
    """auth_service gave no verdict: time-out, connection error, 5xx or a malformed answer."""


class CacheUnavailableError(UnavailableError):
    """The token cache did not answer."""


class TablesUnavailableError(UnavailableError):
    """ClickHouse, which only the API's own pages ask, gave no answer."""


class StoreUnavailableError(UnavailableError):
    """Kafka did not acknowledge the event in time. It may have been stored all the same."""


class StoreOverloadedError(StoreUnavailableError):
    """As much is on its way to Kafka as may be; the event was not sent."""


class RecordRefusedError(StoreUnavailableError):
    """Kafka refuses this event for what it is, today and tomorrow."""


class RecordTooLargeError(RecordRefusedError):
    """The event is larger than what the topic or the producer takes."""


class SpoolError(StoreUnavailableError):
    """The disk does not take the event."""


class SpoolFullError(SpoolError):
    """The spool holds as much as it may."""


class Rejection(ApiError):  # noqa: N818 - the name of an outcome, not of a failure of ours
    """The request is answered with a problem document instead of 202.

    ``detail`` is for the sender; it never quotes a token.  ``event`` and ``version`` are set as
    far as they were known; ``more_violations`` counts those found beside ``violations``.
    ``headers`` go with the answer.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str,
        *,
        violations: tuple[Violation, ...] = (),
        more_violations: int = 0,
        event: str | None = None,
        version: int | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.reason = reason
        self.detail = detail
        self.violations = violations
        self.more_violations = more_violations
        self.event = event
        self.version = version
        self.headers = headers
        super().__init__(f"{reason}: {detail}")

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return STATUS[self.reason]

    @property
    def retry_after_seconds(self) -> int | None:
        """How long the sender should wait; ``None`` when trying again would not help."""
        return RETRY_AFTER_SECONDS if self.status == 503 else None


RETRY_AFTER_SECONDS = 5
"""What a sender is told to wait when a part that events need does not answer, or too many wait."""

STATUS: Mapping[Reason, int] = {
    Reason.REQUEST_INVALID: 400,
    Reason.BODY_EMPTY: 400,
    Reason.BODY_TOO_LARGE: 413,
    Reason.LENGTH_INVALID: 400,
    Reason.BODY_TIMEOUT: 408,
    Reason.MEDIA_TYPE_UNSUPPORTED: 415,
    Reason.ENCODING_UNSUPPORTED: 415,
    Reason.JSON_INVALID: 400,
    Reason.JSON_DUPLICATE_KEY: 400,
    Reason.JSON_TOO_DEEP: 400,
    Reason.BATCH_TOO_LONG: 413,
    Reason.ENVELOPE_INVALID: 422,
    Reason.EVENT_UNKNOWN: 422,
    Reason.EVENT_NOT_ACCEPTED: 422,
    Reason.VERSION_UNKNOWN: 422,
    Reason.VERSION_RETIRED: 422,
    Reason.DATA_INVALID: 422,
    Reason.EVENT_ID_REUSED: 409,
    Reason.EVENT_TOO_LARGE: 413,
    Reason.EVENT_NOT_STORABLE: 422,
    Reason.TOKEN_INVALID: 401,
    Reason.TOKEN_EXPIRED: 401,
    Reason.TOKEN_REVOKED: 401,
    Reason.TOKEN_SUBJECT_MISMATCH: 401,
    Reason.AUTH_UNAVAILABLE: 503,
    Reason.APPLICATION_KEY_MISSING: 403,
    Reason.APPLICATION_UNKNOWN: 403,
    Reason.APPLICATION_DISABLED: 403,
    Reason.ORIGIN_NOT_ALLOWED: 403,
    Reason.EVENT_NOT_ALLOWED: 403,
    Reason.RATE_LIMITED: 429,
    Reason.NOT_FOUND: 404,
    Reason.METHOD_NOT_ALLOWED: 405,
    Reason.STORE_UNAVAILABLE: 503,
    Reason.OVERLOADED: 503,
    Reason.INTERNAL_ERROR: 500,
}
"""Reason → HTTP status (RFC 9110); the reasons of the ETL have none."""


def too_large(limit_bytes: int) -> Rejection:
    """The answer to a body, or an event of a batch, that is longer than that."""
    return Rejection(Reason.BODY_TOO_LARGE, f"a body may have at most {limit_bytes} bytes")
