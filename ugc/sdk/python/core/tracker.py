"""What programs call: :class:`BaseTracker`, to which a project's package adds its events."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Generic, Self, TypeVar

from ugc.sdk.python.core.encoding import Event, Record, now_text, to_json
from ugc.sdk.python.core.sender import Sender
from ugc.sdk.python.core.sending import Sending
from ugc.sdk.python.core.settings import Counts, DropReason, Rejected, Settings
from ugc.sdk.python.core.spool import Entry
from ugc.sdk.python.core.transport import Send, send

ContextT = TypeVar("ContextT", bound=Record)

_OCCURRED_AT = "occurred_at"


class _Unsaid(Enum):
    UNSAID = "unsaid"


UNSAID = _Unsaid.UNSAID
"""Stands for "as the tracker has it"."""


class BaseTracker(Generic[ContextT]):
    """Takes events at once and sends them in the background. For any number of threads.

    Make one for the program, and close it at the end.  Taking an event costs no network: it goes
    into a queue of at most ``most_events`` and ``most_bytes``; when that is full the event is
    dropped, counted, and told to ``on_dropped``.  With ``spool``, a folder, an event is on disk
    when it is taken, and outlives the process; any number of processes may share the folder.
    """

    has_context: ClassVar[bool] = False
    has_time: ClassVar[bool] = False
    package_version: ClassVar[str] = "0"

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        token: Callable[[], str | None] | None = None,
        context: ContextT | Callable[[], ContextT] | None = None,
        debug: str | None = None,
        spool: Path | str | None = None,
        on_rejected: Callable[[Rejected], object] | None = None,
        on_dropped: Callable[[int, DropReason], object] | None = None,
        most_events: int = 10_000,
        most_bytes: int = 16 * 2**20,
        batch_events: int = 200,
        batch_bytes: int = 512 * 1024,
        collect_seconds: float = 1.0,
        timeout_seconds: float = 10.0,
        least_pause_seconds: float = 0.5,
        most_pause_seconds: float = 60.0,
        send: Send = send,
    ) -> None:
        """Begins to send what an earlier process left in the spool.

        Args:
            url: the API's address, such as ``https://events.example.com``.
            key: the application's (``X-UGC-Key``).
            token: gives the token of events that have none of their own; asked before each
                request, and once more when the API does not take what it gave.
            context: what every event is sent with, or what gives it.
            debug: a tag by which the debugger shows the events (``X-UGC-Debug``).
            spool: a folder for events that outlive the process.
            on_rejected: is told each event that the API refused; it is not sent again.
            on_dropped: is told how many events were not taken, and why.
            most_events: so many wait at most.
            most_bytes: they are so large together at most.
            batch_events: so many in a request at most; the API takes 500.
            batch_bytes: before compression; the API takes 1 MiB.
            collect_seconds: so long an event waits for others.
            timeout_seconds: for an answer.
            least_pause_seconds: about the first pause; each is twice as long as the one before.
            most_pause_seconds: the longest pause, unless the API asks for more.
            send: another way to send a request.

        Raises:
            ValueError: a setting is wrong.
            OSError: the spool's folder cannot be used.
        """
        settings = Settings(
            url=url,
            key=key,
            token=token,
            debug=debug,
            spool=None if spool is None else Path(spool),
            on_rejected=on_rejected,
            on_dropped=on_dropped,
            most_events=most_events,
            most_bytes=most_bytes,
            batch_events=batch_events,
            batch_bytes=batch_bytes,
            collect_seconds=collect_seconds,
            timeout_seconds=timeout_seconds,
            least_pause_seconds=least_pause_seconds,
            most_pause_seconds=most_pause_seconds,
            send=send,
        )
        sender = Sender(settings, has_context=self.has_context, version=self.package_version)
        self._sending = Sending(settings, sender)
        self._asks = token is not None
        self._token: str | None = None
        self._context = context

    def track(
        self,
        event: Event,
        *,
        token: str | _Unsaid | None = UNSAID,
        context: ContextT | None = None,
        event_id: uuid.UUID | None = None,
    ) -> uuid.UUID:
        """Takes an event, and gives its id.

        Args:
            event: what happened.
            token: the user's; None is a visitor.
            context: instead of the tracker's.
            event_id: for an event that may be tracked twice and is to count once.

        Raises:
            ValueError, TypeError: the event or its context has no JSON.
        """
        name, version = event.ugc_event
        chosen = event_id or uuid.uuid4()
        members = [
            f'"event":{json.dumps(name)}',
            f'"version":{version}',
            f'"event_id":"{chosen}"',
            f'"data":{to_json(event)}',
        ]
        if (said := self._context_of(context)) is not None:
            members.append(f'"context":{said}')
        entry = Entry(str(chosen), name, ",".join(members), self._token, self._asks)
        if token is not UNSAID:
            entry = replace(entry, token=token, asks=False)
        self._sending.add(entry)
        return chosen

    def bound(
        self, *, token: str | _Unsaid | None = UNSAID, context: ContextT | None = None
    ) -> Self:
        """This tracker for one user or request: the same queue, with this token and context."""
        found = copy.copy(self)
        if token is not UNSAID:
            found._token, found._asks = token, False
        if context is not None:
            found._context = context
        return found

    def flush(self, timeout_seconds: float = 10.0) -> bool:
        """Sends what waits; whether all of it was answered in that time."""
        return self._sending.flush(timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> bool:
        """Sends what it can in that time, and ends; whether nothing was left.

        Called at the interpreter's exit if nobody has before.  What is left stays in the spool, or
        is dropped and counted where there is none.
        """
        return self._sending.close(timeout_seconds)

    def counts(self) -> Counts:
        """What became of the events of this process."""
        return self._sending.counts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _context_of(self, given: ContextT | None) -> str | None:
        if not self.has_context:
            return None
        context = given
        if context is None:
            context = self._context() if callable(self._context) else self._context
        text = "{}" if context is None else to_json(context)
        if not self.has_time or getattr(context, _OCCURRED_AT, None) is not None:
            return text
        more = "," if len(text) > len("{}") else ""
        return f'{{"{_OCCURRED_AT}":"{now_text()}"{more}{text[1:]}'
