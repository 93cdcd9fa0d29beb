"""The entry of granian: the WSGI application, with bodies awaited before a thread works on them.

Under WSGI a request holds one of few threads until its body is there, and granian has no time-out
for bodies: some thirty senders that stop halfway would silence a worker for as long as they like.
Here a body that is awaited costs its connection and the bytes that came, and no thread; it has to
be whole in time, and all of them together may hold so many bytes.

The interface is granian's own, RSGI 1.5: ``scope`` describes the request, ``protocol`` gives the
body in pieces and takes the answer, from any thread.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import quote

from api.errors import Refusal
from api.http.body import ByteStream
from contracts.reasons import DESCRIPTIONS, Reason

_log = logging.getLogger(__name__)

HELD_LIMIT_BYTES = 67_108_864
"""What the bodies of one process may hold together while they are awaited and worked on."""

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Scope(Protocol):
    """A request without its body."""

    client: str
    headers: Any
    http_version: str
    method: str
    path: str
    query_string: str
    scheme: str
    server: str


class RequestProtocol(Protocol):
    """The body in pieces, and a way to answer."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


class Front:
    """Awaits bodies on the event loop, and calls the application in threads."""

    def __init__(
        self,
        application: WsgiApplication,
        *,
        body_limits: Mapping[str, int],
        timeout_seconds: float,
        threads: int,
        held_limit_bytes: int = HELD_LIMIT_BYTES,
    ) -> None:
        """
        Args:
            application: it is given bodies in memory.
            body_limits: path → the longest body in bytes; elsewhere no body is read at all.
            timeout_seconds: how long a body may take after the headers.
            threads: requests that are worked on at a time.
            held_limit_bytes: what all bodies together may hold.
        """
        self._application = application
        self._body_limits = body_limits
        self._timeout_seconds = timeout_seconds
        self._held_limit_bytes = held_limit_bytes
        self._held_bytes = 0
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: Scope, protocol: RequestProtocol) -> None:
        body = bytearray()
        try:
            stream = await self._awaited(scope, protocol, body)
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, self._answer, scope, protocol, stream)
        except Exception as error:  # noqa: BLE001 - it ends here, whatever it is
            # The server would print the text of the error, which may quote the request.
            _log.error("the application failed", exc_info=error)
            protocol.response_bytes(500, [], b"")
        finally:
            self._held_bytes -= len(body)

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """Called by granian when no more requests come."""
        self._threads.shutdown()

    async def _awaited(
        self, scope: Scope, protocol: RequestProtocol, body: bytearray
    ) -> ByteStream:
        """The body as a stream, collected in ``body``; or one that raises why there is none."""
        limit_bytes = self._body_limits.get(scope.path) if scope.method == "POST" else None
        if limit_bytes is None or _announced(scope) > limit_bytes:
            return BytesIO()
        empty_pieces = 0
        try:
            async with asyncio.timeout(self._timeout_seconds):
                async for piece in protocol:
                    empty_pieces += not piece
                    self._held_bytes += len(piece)
                    body += piece
                    if self._held_bytes > self._held_limit_bytes:
                        return _NoBody(_refusal(Reason.STORE_UNAVAILABLE))
                    if len(body) > limit_bytes:
                        break
        except TimeoutError:
            return _NoBody(_refusal(Reason.BODY_TIMEOUT))
        if empty_pieces > 1:
            # granian ends a whole body with one empty piece; it gives another for an error on the
            # connection, or for trailers, and tells of neither in any other way.
            return _NoBody(_refusal(Reason.LENGTH_INVALID))
        return BytesIO(body)

    def _answer(self, scope: Scope, protocol: RequestProtocol, stream: ByteStream) -> None:
        answers: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            answers.append((int(status[:3]), headers))

        pieces = self._application(environ(scope, stream), start)
        try:
            body = b"".join(pieces)
        finally:
            if (close := getattr(pieces, "close", None)) is not None:
                close()
        status, headers = answers[-1]
        protocol.response_bytes(status, headers, body)


class _NoBody:
    """A body that did not arrive: whoever reads it gets the refusal."""

    def __init__(self, refusal: Refusal) -> None:
        self._refusal = refusal

    def read(self, _size: int = -1, /) -> bytes:
        raise self._refusal


def _refusal(reason: Reason) -> Refusal:
    """The connection ends with it: the rest of the body is not waited for."""
    return Refusal(reason, DESCRIPTIONS[reason], headers={"Connection": "close"})


def _announced(scope: Scope) -> int:
    length = scope.headers.get("content-length")
    return int(length) if length is not None and length.isdecimal() else 0


def environ(scope: Scope, stream: ByteStream) -> dict[str, Any]:
    """The request as WSGI has it (PEP 3333); a header that is there several times is joined."""
    host, _, port = scope.server.rpartition(":")
    found: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REQUEST_URI": quote(scope.path),
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        key = _ENVIRON_NAMES.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


_ENVIRON_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
