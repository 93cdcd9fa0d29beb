"""The entry of granian: the WSGI application, with bodies awaited before a thread works on them.

Under WSGI a request holds one of few threads until its body is there, and granian has no time-out
for bodies: some thirty senders that stop halfway would silence a worker for as long as they like.
Here a body that is awaited costs its connection and the bytes that came, and no thread; it has to
be whole in time, and all of them together may hold so many bytes.  Then the request waits for a
thread (:mod:`api.http.lanes`), unless it is an event that needs none (:mod:`api.http.express`).

The interface is granian's own, RSGI 1.5: ``scope`` describes the request, ``protocol`` gives the
body in pieces and takes the answer, from any thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from functools import partial
from io import BytesIO
from typing import Any, Protocol

import orjson

from api import paths
from api.errors import Rejection
from api.http.body import ByteStream
from api.http.correlation import HEADER, sent_id
from api.http.deadlines import Deadlines
from api.http.environ import BEGAN, FATE, REJECTION, Scope, environ
from api.http.express import Answer, Express
from api.http.lanes import Lane, overloaded
from api.http.problems import MEDIA_TYPE, problem
from api.http.security_headers import headers_for
from contracts.reasons import DESCRIPTIONS, Reason

_log = logging.getLogger(__name__)

HELD_LIMIT_BYTES = 67_108_864
"""What the bodies of one process may hold together while they are awaited and worked on."""

MOST_PIECES = 4_096
"""A body comes in pieces of granian's making: chunks, or what the network brought at a time.  Each
costs the event loop some 50 µs, whatever it holds."""

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class RequestProtocol(Protocol):
    """The body, whole or in pieces, and a way to answer."""

    def __call__(self) -> Awaitable[bytes]: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


class Streams(Protocol):
    """Answers that stay open; called on the event loop alone."""

    def takes(self, scope: Scope) -> bool:
        """Whether a request is one of these."""
        ...

    async def answer(self, scope: Scope, protocol: Any) -> None:
        """Answers it; returns when the answer has ended."""
        ...

    def watch_for_end(self, loop: asyncio.AbstractEventLoop) -> None:
        """Makes the answers end with the process."""
        ...

    def close(self) -> None:
        """Lets go of what it has."""
        ...


class RsgiBridge:
    """Awaits bodies on the event loop, and calls the application in threads."""

    def __init__(
        self,
        application: WsgiApplication,
        *,
        body_limits: Mapping[str, int],
        timeout_seconds: float,
        lane: Lane,
        lanes: Mapping[str, Lane],
        express: Express | None = None,
        streams: Streams | None = None,
        held_limit_bytes: int = HELD_LIMIT_BYTES,
        make_id: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        """
        Args:
            application: it is given bodies in memory; where its environment has a rejection, it
                renders that and waits for nothing.
            body_limits: path → the longest body in bytes; elsewhere no body is read at all.
            timeout_seconds: how long a body may take after the headers.
            lane: the threads for most requests; closed with this, as those of ``lanes`` are.
            lanes: path → the threads for requests to it.
            express: is shown events first; ``None``: all go to the application.
            streams: takes requests whose answer stays open; ``None``: there are none.
            held_limit_bytes: what all bodies together may hold.
            make_id: makes correlation ids.
        """
        self._application = application
        self._body_limits = body_limits
        self._timeout_seconds = timeout_seconds
        self._lane = lane
        self._lanes = lanes
        self._express = express
        self._streams = streams
        self._deadlines = Deadlines(timeout_seconds)
        self._held_limit_bytes = held_limit_bytes
        self._held_bytes = 0
        self._make_id = make_id

    async def __call__(self, scope: Scope, protocol: RequestProtocol) -> None:
        body = bytearray()
        try:
            try:
                headers = None if self._express is None else self._express.expected(scope)
                if self._express is None or headers is None:
                    if self._streams is not None and self._streams.takes(scope):
                        await self._streams.answer(scope, protocol)
                        return
                    stream = await self._awaited(scope, protocol, body)
                    facts: dict[str, object] = {BEGAN: time.perf_counter()}
                else:
                    stream = await self._awaited_short(headers, protocol, body)
                    began = time.perf_counter()
                    facts = {BEGAN: began}
                    if isinstance(stream, BytesIO):
                        found = await self._express.run(headers, stream.getvalue(), began)
                        if isinstance(found, Answer):
                            protocol.response_bytes(202, found.headers, found.body)
                            return
                        if found is not None:
                            # Not in a thread: the event may be stored, and a full lane would say
                            # that nothing was done.
                            facts |= {FATE: found.rejection, _SENT_ID: found.correlation_id}
                            self._answer(scope, protocol, stream, facts)
                            return
                lane = self._lanes.get(scope.path, self._lane)
                weight = _events_in(body) if scope.path == paths.BATCH else 1
                await lane.run(partial(self._answer, scope, protocol, stream, facts), weight)
            except Rejection as rejection:
                # Here and not in a thread: there may be none for a long time.
                self._answer(scope, protocol, BytesIO(), {REJECTION: rejection})
        except Exception as error:  # noqa: BLE001 - it ends here, whatever it is
            self._failed(scope, protocol, error)
        finally:
            self._held_bytes -= len(body)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called by granian before requests come, when it has set its handlers of signals."""
        if self._streams is not None:
            self._streams.watch_for_end(loop)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called by granian when no more requests come, and the loop has stopped."""
        if self._express is not None:
            loop.run_until_complete(self._express.drained())
        if self._streams is not None:
            self._streams.close()
        for lane in {self._lane, *self._lanes.values()}:
            lane.close()

    async def _awaited(
        self, scope: Scope, protocol: RequestProtocol, body: bytearray
    ) -> ByteStream:
        """The body as a stream, collected in ``body``; or one that raises why there is none.

        Raises:
            Rejection: ``OVERLOADED``.
        """
        limit_bytes = self._body_limits.get(scope.path) if scope.method == "POST" else None
        if limit_bytes is None or _announced(scope) > limit_bytes:
            return BytesIO()
        pieces = empty_pieces = 0
        try:
            async with asyncio.timeout(self._timeout_seconds):
                async for piece in protocol:
                    pieces += 1
                    empty_pieces += not piece
                    self._held_bytes += len(piece)
                    body += piece
                    if self._held_bytes > self._held_limit_bytes:
                        raise _last(overloaded())
                    if pieces > MOST_PIECES:
                        return _NoBody(_last(Rejection(Reason.REQUEST_INVALID, _TOO_MANY_PIECES)))
                    if len(body) > limit_bytes:
                        break
        except TimeoutError:
            reason = Reason.BODY_TIMEOUT
            return _NoBody(_last(Rejection(reason, DESCRIPTIONS[reason])))
        if empty_pieces > 1:
            # granian ends a whole body with one empty piece; it gives another for an error on the
            # connection, or for trailers, and tells of neither in any other way.
            return _NoBody(_last(Rejection(Reason.LENGTH_INVALID, _BROKEN)))
        return BytesIO(body)

    async def _awaited_short(
        self, headers: Mapping[str, str], protocol: RequestProtocol, body: bytearray
    ) -> ByteStream:
        """The same for a body that is announced as short: it counts when it is there.

        Raises:
            Rejection: ``OVERLOADED``.
        """
        try:
            with self._deadlines:
                body += await protocol()
        except TimeoutError:
            reason = Reason.BODY_TIMEOUT
            return _NoBody(_last(Rejection(reason, DESCRIPTIONS[reason])))
        except RuntimeError:  # of granian's: the connection broke
            return _NoBody(_last(Rejection(Reason.LENGTH_INVALID, _BROKEN)))
        self._held_bytes += len(body)
        if self._held_bytes > self._held_limit_bytes:
            raise _last(overloaded())
        return BytesIO(body)

    def _answer(
        self,
        scope: Scope,
        protocol: RequestProtocol,
        stream: ByteStream,
        facts: Mapping[str, object],
    ) -> None:
        """Calls the application, with ``facts`` added to its environment."""
        answers: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            answers.append((int(status[:3]), headers))

        pieces = self._application({**environ(scope, stream), **facts}, start)
        try:
            body = b"".join(pieces)
        finally:
            if (close := getattr(pieces, "close", None)) is not None:
                close()
        status, headers = answers[-1]
        protocol.response_bytes(status, headers, body)

    def _failed(self, scope: Scope, protocol: RequestProtocol, error: Exception) -> None:
        """Answers where the application could not even render an error."""
        correlation_id = sent_id(scope.headers.get) or str(self._make_id())
        # The server would print the text of the error, which may quote the request.
        facts = {"correlation_id": correlation_id}
        _log.error("the application failed", exc_info=error, extra=facts)
        rejection = Rejection(Reason.INTERNAL_ERROR, DESCRIPTIONS[Reason.INTERNAL_ERROR])
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Cache-Control": "no-store",
            HEADER: correlation_id,
            **headers_for(scope.path),
        }
        document = orjson.dumps(problem(rejection, correlation_id=correlation_id))
        protocol.response_bytes(rejection.status, list(headers.items()), document)


class _NoBody:
    """A body that did not arrive: whoever reads it gets the rejection."""

    def __init__(self, rejection: Rejection) -> None:
        self._rejection = rejection

    def read(self, _size: int = -1, /) -> bytes:
        raise self._rejection


_SENT_ID = f"HTTP_{HEADER.upper().replace('-', '_')}"
"""Where the application finds the id that a request has already."""

_TOO_MANY_PIECES = f"the body came in more than {MOST_PIECES:,} pieces; send larger chunks"

_BROKEN = "the body broke off, its chunks are malformed, or trailers follow them"


def _events_in(body: bytearray) -> int:
    """About how many events a batch holds, which is to be known before it is read: 40 µs for 500.

    Whoever hides them (in a compressed body, in another spelling) counts as one.
    """
    return max(1, body.count(b'"event"') or body.count(b'"specversion"'))


def _last(rejection: Rejection) -> Rejection:
    """The connection ends with it: the rest of the body is not waited for."""
    return Rejection(rejection.reason, rejection.detail, headers={"Connection": "close"})


def _announced(scope: Scope) -> int:
    length = scope.headers.get("content-length")
    return int(length) if length is not None and length.isdecimal() else 0
