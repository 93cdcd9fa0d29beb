"""Messages that become rows as they are."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.message import Message
from etl.run.context import RunContext
from etl.run.load import Loadable
from etl.sessions.store import Occurrence
from etl.source import RawMessage


def plain_rows(
    context: RunContext, messages: Iterable[tuple[RawMessage, Message]]
) -> list[tuple[Loadable, bool]]:
    """The rows of events that have a table of their own; False for what repeats an earlier event.

    Raises:
        StoreUnavailableError: it is not known what is a repetition.
    """
    plain = [(raw, message) for raw, message in messages if context.loader.has_table(message.event)]
    first = context.store.first_occurrences(
        [Occurrence(message.event, str(message.event_id), raw.location) for raw, message in plain]
    )
    rows = [Loadable(message, raw.partition, raw.offset) for raw, message in plain]
    return list(zip(rows, first, strict=True))
