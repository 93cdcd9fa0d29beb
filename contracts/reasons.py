"""One list of reason codes, for HTTP errors, dead letters, metrics and documentation alike.

A code never changes its meaning; the text beside it may be improved.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused, or set aside."""

    # The request's body and headers.
    REQUEST_INVALID = "request_invalid"
    BODY_EMPTY = "body_empty"
    BODY_TOO_LARGE = "body_too_large"
    LENGTH_INVALID = "length_invalid"
    BODY_TIMEOUT = "body_timeout"
    MEDIA_TYPE_UNSUPPORTED = "media_type_unsupported"
    ENCODING_UNSUPPORTED = "encoding_unsupported"
    JSON_INVALID = "json_invalid"
    JSON_DUPLICATE_KEY = "json_duplicate_key"
    JSON_TOO_DEEP = "json_too_deep"
    BATCH_TOO_LONG = "batch_too_long"
    # The envelope and the contract.
    ENVELOPE_INVALID = "envelope_invalid"
    EVENT_UNKNOWN = "event_unknown"
    EVENT_NOT_ACCEPTED = "event_not_accepted"
    VERSION_UNKNOWN = "version_unknown"
    VERSION_RETIRED = "version_retired"
    DATA_INVALID = "data_invalid"
    EVENT_ID_REUSED = "event_id_reused"
    EVENT_TOO_LARGE = "event_too_large"
    EVENT_NOT_STORABLE = "event_not_storable"
    # The token.
    TOKEN_INVALID = "token_invalid"  # noqa: S105 - a code, not a secret
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a code, not a secret
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a code, not a secret
    TOKEN_SUBJECT_MISMATCH = "token_subject_mismatch"  # noqa: S105 - a code, not a secret
    AUTH_UNAVAILABLE = "auth_unavailable"
    # The application.
    APPLICATION_KEY_MISSING = "application_key_missing"
    APPLICATION_UNKNOWN = "application_unknown"
    APPLICATION_DISABLED = "application_disabled"
    ORIGIN_NOT_ALLOWED = "origin_not_allowed"
    EVENT_NOT_ALLOWED = "event_not_allowed"
    # The client.
    RATE_LIMITED = "rate_limited"
    # The service.
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    STORE_UNAVAILABLE = "store_unavailable"
    OVERLOADED = "overloaded"
    INTERNAL_ERROR = "internal_error"
    # A Kafka message that the ETL cannot use.
    VALUE_NULL = "value_null"
    VALUE_TOO_SHORT = "value_too_short"
    MAGIC_BYTE_WRONG = "magic_byte_wrong"
    SCHEMA_ID_UNKNOWN = "schema_id_unknown"
    SCHEMA_NOT_OURS = "schema_not_ours"
    SCHEMA_NEWER = "schema_newer"
    AVRO_UNREADABLE = "avro_unreadable"
    TRAILING_BYTES = "trailing_bytes"
    KEY_MISMATCH = "key_mismatch"
    # A message that is readable and has nowhere to go.
    ORPHAN_END = "orphan_end"


DESCRIPTIONS: dict[Reason, str] = {
    Reason.REQUEST_INVALID: "The request is not HTTP that the service can work with.",
    Reason.BODY_EMPTY: "The request has no body.",
    Reason.BODY_TOO_LARGE: "The body is larger than the service accepts.",
    Reason.LENGTH_INVALID: "The body is shorter than its Content-Length, or the length is wrong.",
    Reason.BODY_TIMEOUT: "The body did not arrive in time.",
    Reason.MEDIA_TYPE_UNSUPPORTED: (
        "The Content-Type is neither application/json, nor text/plain (sendBeacon), nor that of a"
        " CloudEvent, application/cloudevents+json; a batch may also be application/x-ndjson, or"
        " application/cloudevents-batch+json."
    ),
    Reason.ENCODING_UNSUPPORTED: (
        "The body is not UTF-8, or its Content-Encoding is none of gzip, deflate, br and zstd."
    ),
    Reason.JSON_INVALID: "The body is not JSON (RFC 8259): a syntax error, NaN, or bad Unicode.",
    Reason.JSON_DUPLICATE_KEY: "An object in the body has the same key twice.",
    Reason.JSON_TOO_DEEP: "Arrays and objects are nested more deeply than the service accepts.",
    Reason.BATCH_TOO_LONG: "The batch holds more events than the service takes at once.",
    Reason.ENVELOPE_INVALID: "The message around `data` does not satisfy the request envelope.",
    Reason.EVENT_UNKNOWN: "No contract describes this event.",
    Reason.EVENT_NOT_ACCEPTED: "The event exists, but only the ETL makes it.",
    Reason.VERSION_UNKNOWN: "The event exists, but not in this contract version.",
    Reason.VERSION_RETIRED: "This contract version was announced to end, and has ended.",
    Reason.DATA_INVALID: "`data` does not satisfy the event's contract.",
    Reason.EVENT_ID_REUSED: "Another event was stored under this `event_id` a short while ago.",
    Reason.EVENT_TOO_LARGE: "The event is larger than Kafka takes, as it would be stored there.",
    Reason.EVENT_NOT_STORABLE: "Kafka refuses the event for what it is, and would later too.",
    Reason.TOKEN_INVALID: "The token is not one that auth_service issued.",
    Reason.TOKEN_EXPIRED: "The token is too old.",
    Reason.TOKEN_REVOKED: "The token was revoked.",
    Reason.TOKEN_SUBJECT_MISMATCH: "auth_service named another user than the token does.",
    Reason.AUTH_UNAVAILABLE: (
        "auth_service does not answer and no key for a local check is configured."
    ),
    Reason.APPLICATION_KEY_MISSING: (
        "Only applications with a key may send here: send it as X-UGC-Key, or as ?key= in the"
        " address."
    ),
    Reason.APPLICATION_UNKNOWN: "No application has this key.",
    Reason.APPLICATION_DISABLED: "The application with this key may not send any more.",
    Reason.ORIGIN_NOT_ALLOWED: (
        "The application with this key may not send from there: the request's Origin is none of"
        " its own."
    ),
    Reason.EVENT_NOT_ALLOWED: "The application with this key may not send this event.",
    Reason.RATE_LIMITED: "This client sent more events than one may in that time; send it later.",
    Reason.NOT_FOUND: "There is nothing at this address.",
    Reason.METHOD_NOT_ALLOWED: "The address does not take this method.",
    Reason.STORE_UNAVAILABLE: "The event could not be stored in time; send it again later.",
    Reason.OVERLOADED: (
        "The service has more requests than it can work on; send this one again later."
    ),
    Reason.INTERNAL_ERROR: "The service failed; the correlation id leads to the log entry.",
    Reason.VALUE_NULL: "The Kafka message has no value.",
    Reason.VALUE_TOO_SHORT: "The Kafka value is shorter than the five bytes of the framing.",
    Reason.MAGIC_BYTE_WRONG: "The Kafka value does not begin with the magic byte 0.",
    Reason.SCHEMA_ID_UNKNOWN: "The registry knows no schema with the id in the Kafka value.",
    Reason.SCHEMA_NOT_OURS: "The schema id belongs to a record that no contract describes.",
    Reason.SCHEMA_NEWER: (
        "The schema says more of the event than the loader's contracts do. Nothing is set aside for"
        " it: the loader waits for newer contracts."
    ),
    Reason.AVRO_UNREADABLE: "The Kafka value cannot be decoded with the schema it names.",
    Reason.TRAILING_BYTES: "The Kafka value goes on after the Avro record.",
    Reason.KEY_MISMATCH: "The Kafka key does not name the event in the value.",
    Reason.ORPHAN_END: "An end event waited in vain for the start it belongs to.",
}
"""What each code means, for people; rendered into the API's documentation."""
