"""What Kafka says of records, as the API's own errors."""

from __future__ import annotations

from confluent_kafka import KafkaError

from api.errors import RecordRefusedError, RecordTooLargeError, StoreUnavailableError

DISOWNED = {
    KafkaError.UNKNOWN_PRODUCER_ID,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
    KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
}
"""What Kafka says to a producer whose numbers it does not know, or no longer."""

_TOO_LARGE = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE}

_NEVER = {*_TOO_LARGE, KafkaError.INVALID_RECORD}
"""What Kafka says of a batch that it will not take later either."""

REFUSED = {*_NEVER, KafkaError._INVALID_DIFFERENT_RECORD}
"""The same, and what librdkafka says of a record whose batch was refused for another in it."""


def translated(error: object) -> StoreUnavailableError:
    """The error of one record; what was said of a batch may hold for none of its records."""
    if not isinstance(error, KafkaError):
        return StoreUnavailableError(str(error))
    if error.code() in _TOO_LARGE:
        return RecordTooLargeError(error.str())
    kind = RecordRefusedError if error.code() in _NEVER else StoreUnavailableError
    return kind(error.str())
