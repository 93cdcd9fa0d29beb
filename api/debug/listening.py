"""``GET /debug/stream`` behind granian: an answer that stays open, without a thread.

One task of the event loop for each listener, and one look at Redis for them all, four times a
second and only while somebody listens; its few calls take two threads of their own.  A listener
that reads too slowly reads from Redis later: nothing waits for it in memory.  So many may listen;
whoever comes beyond that is asked to come later.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from urllib.parse import parse_qsl

import orjson

from api import paths
from api.debug.asking import Filter, QuestionError
from api.debug.routes import KEY_HEADER, Debugger
from api.debug.server_sent import (
    CONTENT_TYPE,
    HEARTBEAT,
    RETRY,
    Page,
    event_bytes,
    is_record_id,
    page_after,
)
from api.errors import CacheUnavailableError
from api.http.environ import Scope
from api.http.security_headers import headers_for

_log = logging.getLogger(__name__)

MOST_LISTENERS = 50
"""In one worker process."""

_LOOK_SECONDS = 0.25
_LOOK_AGAIN_SECONDS = 1.0
"""Where Redis does not answer."""

_HEARTBEAT_SECONDS = 10.0
_LONGEST_SECONDS = 3_600.0
"""A listener comes again after an hour at the latest, and shows its key once more."""


class Transport(Protocol):
    """Takes pieces of an answer; raises when the connection is gone."""

    async def send_bytes(self, data: bytes) -> None: ...


class StreamProtocol(Protocol):
    """granian's protocol, as far as streams need it."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Transport: ...


class Listening:
    """The listeners of one worker process. Everything is called from its event loop."""

    def __init__(self, debugger: Debugger, *, most: int = MOST_LISTENERS) -> None:
        """``most``: so many may listen at a time."""
        self._debugger = debugger
        self._most = most
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="debug-stream")
        self._news = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._has_ended = False
        self.listeners = 0
        """How many listen."""

    def watch_for_end(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ends the listeners when the process is told to end.

        granian waits for open answers and tells nobody.  It hears SIGINT as it hears SIGTERM, so
        that signal is passed on to it after the listeners were told.
        """

        def told() -> None:
            self.end()
            signal.raise_signal(signal.SIGINT)

        loop.add_signal_handler(signal.SIGTERM, told)

    def end(self) -> None:
        """Lets every listener go; nobody else is let in."""
        self._has_ended = True
        self._news.set()

    def close(self) -> None:
        """Ends the threads, which wait for nothing."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def takes(self, scope: Scope) -> bool:
        """Whether a request is one to listen."""
        return scope.path == paths.DEBUG_STREAM and scope.method == "GET"

    async def answer(self, scope: Scope, protocol: StreamProtocol) -> None:
        """Tells a listener of events until either side ends it."""
        asked = dict(parse_qsl(scope.query_string))
        if not self._debugger.lets_in(scope.headers.get(KEY_HEADER.lower())):
            detail = f"send the value of DEBUGGER_KEY in the header {KEY_HEADER}"
            _refuse(protocol, 401, "A key is needed", detail)
            return
        try:
            wanted = Filter.of(asked)
        except QuestionError as error:
            _refuse(protocol, 400, "Not a question", str(error))
            return
        if self.listeners >= self._most or self._has_ended:
            _refuse(protocol, 503, "Too many listen", f"at most {self._most} may; try again")
            return
        self.listeners += 1
        try:
            sent = scope.headers.get("last-event-id") or asked.get("after") or ""
            await self._told(wanted, sent, protocol)
        finally:
            self.listeners -= 1

    async def _told(self, wanted: Filter, sent: str, protocol: StreamProtocol) -> None:
        headers = {
            **headers_for(paths.DEBUG_STREAM),
            "Content-Type": CONTENT_TYPE,
            "Cache-Control": "no-store",
            # A proxy (nginx) would wait for more before it passes anything on.
            "X-Accel-Buffering": "no",
        }
        try:
            after = sent if is_record_id(sent) else await self._in_thread_newest()
        except CacheUnavailableError:
            _refuse(protocol, 503, "No answer", "Redis, which has the records, does not answer")
            return
        transport = protocol.response_stream(200, list(headers.items()))
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + _LONGEST_SECONDS
        try:
            await transport.send_bytes(RETRY)
            beat_at = 0.0
            while not self._has_ended and loop.time() < ends_at:
                news = self._news
                page = await self._page(wanted, after)
                if page is not None and page.events:
                    await transport.send_bytes(b"".join(page.events))
                is_due = loop.time() >= beat_at
                if page is not None and (is_due or page.last != after):
                    after = page.last
                    told = event_bytes(after, "position", {"lost": self._lost(page)})
                    await transport.send_bytes(told)
                elif is_due:
                    await transport.send_bytes(HEARTBEAT)
                if is_due:
                    beat_at = loop.time() + _HEARTBEAT_SECONDS
                if page is None or not page.has_more:
                    longest = _LOOK_AGAIN_SECONDS if page is None else beat_at - loop.time()
                    await self._wait(news, max(0.0, longest))
        except (RuntimeError, ConnectionError, OSError) as error:
            _log.debug("a listener has gone: %s", error)  # granian's own errors are RuntimeErrors

    async def _wait(self, news: asyncio.Event, seconds: float) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                await news.wait()
        except TimeoutError:
            return

    async def _look(self) -> None:
        """Wakes the listeners when there is a new record, as long as there are any."""
        known = ""
        while self.listeners and not self._has_ended:
            try:
                newest = await self._in_thread_newest()
            except CacheUnavailableError:
                newest = known
            if newest != known:
                known = newest
                woken, self._news = self._news, asyncio.Event()
                woken.set()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _in_thread_newest(self) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._debugger.store.newest)

    async def _page(self, wanted: Filter, after: str) -> Page | None:
        """The next records; ``None``: Redis does not answer, and the listener waits with us."""
        loop = asyncio.get_running_loop()
        debugger = self._debugger
        try:
            return await loop.run_in_executor(
                self._threads, page_after, debugger.store, debugger.explainer, wanted, after
            )
        except CacheUnavailableError:
            return None

    def _lost(self, page: Page) -> int:
        return page.lost + self._debugger.recorder.lost


def _refuse(protocol: StreamProtocol, status: int, title: str, detail: str) -> None:
    document: Mapping[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
    }
    headers = {
        **headers_for(paths.DEBUG_STREAM),
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        **({"Retry-After": "5"} if status == 503 else {}),
    }
    protocol.response_bytes(status, list(headers.items()), orjson.dumps(document))
