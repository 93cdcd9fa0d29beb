"""Messages that cannot be used, and where they go: kept whole, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.reasons import Reason
from etl.source import Headers, RawMessage

_TOLD_BYTES = 1_024
"""A detail may quote a message's key or a value, which its producer makes as long as it likes."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that cannot be used, and why. ``schema_id`` is None where none was readable."""

    original: RawMessage
    reason: Reason
    detail: str
    schema_id: int | None = None

    def headers(self) -> Headers:
        """The original's headers, then what the dead letter tells about it.

        ``reason``, ``detail``, ``original-topic``, ``original-partition``, ``original-offset``,
        ``original-timestamp-ms``, ``original-key`` (null as in the original) and, where one was
        readable, ``schema-id``.  A dead letter that is sent twice has the same topic, partition and
        offset.

        The detail may quote what was sent, and is cut after 1,024 bytes; a longer key is told only
        as the letter's own: else a letter could be many times as large as its message, and no topic
        would take it.
        """
        original = self.original
        told: list[tuple[str, bytes | None]] = [
            ("reason", self.reason.value.encode()),
            ("detail", _cut(self.detail)),
            ("original-topic", original.topic.encode()),
            ("original-partition", b"%d" % original.partition),
            ("original-offset", b"%d" % original.offset),
            ("original-timestamp-ms", b"%d" % original.timestamp_ms),
        ]
        if original.key is None or len(original.key) <= _TOLD_BYTES:
            told.append(("original-key", original.key))
        if self.schema_id is not None:
            told.append(("schema-id", b"%d" % self.schema_id))
        return (*original.headers, *told)


def _cut(detail: str) -> bytes:
    whole = detail.encode(errors="replace")
    if len(whole) <= _TOLD_BYTES:
        return whole
    kept = whole[: _TOLD_BYTES - len("…".encode())].decode(errors="ignore")
    return f"{kept}…".encode()


class DeadLetters(Protocol):
    """Takes dead letters."""

    def send(self, dead_letters: Sequence[DeadLetter]) -> None:
        """Stores them; returns when all are acknowledged. Key and value are the original's.

        Raises:
            DeadLettersUnavailableError: at least one was not acknowledged in time.
        """
        ...

    def close(self) -> None:
        """Releases the connection."""
        ...
