"""Commands to Redis from an event loop: written together, answered in their order, by no thread.

A call of redis-py's takes 100 µs of processor, and in a thread of its own, for a loop that waits,
as much again: two system calls, four switches of threads and twice the interpreter.  A command here
is a text with holes, an answer a line: 10 µs, and less when several come together.

redis-py makes the connection, in a thread, so that URL, TLS, sentinels and clusters mean what they
mean for :class:`~api.limits.redis_calls.RedisCalls`, whose breaker this shares.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from api.errors import CacheUnavailableError
from api.limits.redis_calls import RETRY_SECONDS, RedisCalls

_log = logging.getLogger(__name__)

_READ_BYTES = 65_536
_WOULD_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

Done = Callable[[bool | None], None]
"""Is told, on the loop and once, whether Redis has a value; ``None``: no answer in time."""


class LoopRedis:
    """One connection, for one event loop."""

    def __init__(self, calls: RedisCalls, *, timeout_seconds: float) -> None:
        """Nothing is sent before the first question.

        Args:
            calls: knows how to connect, and whether Redis is asked at all.
            timeout_seconds: so long an answer may take.
        """
        self._calls = calls
        self._timeout_seconds = timeout_seconds
        self._connection: Any = calls.unconnected()
        self._socket: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._connect_at = 0.0
        self._waiting: list[tuple[bytes, Done | None]] = []
        self._sent: deque[tuple[float, Done | None]] = deque()
        self._unwritten = bytearray()
        self._unread = bytearray()
        self._is_timed = False

    def packed(self, *arguments: str | int) -> bytes:
        """A command in Redis's protocol, with the prefix of its keys where a cluster wants one."""
        return b"".join(self._connection.pack_command(*arguments))

    def send(self, command: bytes, done: Done | None = None) -> None:
        """Sends a packed command whose answer is one line, or one value, with those of this turn.

        Whoever asks when Redis is known not to answer is told so at once.
        """
        if self._socket is None and not self._may_wait_for_connection():
            if done is not None:
                done(None)
            return
        if not self._waiting:
            self._running_loop().call_soon(self._write_waiting)
        self._waiting.append((command, done))

    def close(self) -> None:
        """Hangs up; whoever waits is told."""
        self._hang_up()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def _may_wait_for_connection(self) -> bool:
        """Whether a question may wait for one that is being made, which is tried when it is due.

        Only the first ones, and those after one that was lost, wait: where Redis did not answer
        lately nobody waits for another trial.
        """
        if self._connecting is None and time.monotonic() >= self._connect_at:
            self._connecting = self._running_loop().create_task(self._connect())
        return self._connecting is not None and not self._calls.is_stopped

    async def _connect(self) -> None:
        try:
            await self._running_loop().run_in_executor(None, self._calls.call, self._open)
        except CacheUnavailableError as error:
            _log.debug("%s", error)
            self._connect_at = time.monotonic() + RETRY_SECONDS
            self._tell_nobody_answers()
        else:
            self._socket = self._connection._sock
            self._socket.setblocking(False)
            self._running_loop().add_reader(self._socket.fileno(), self._read)
            self._write_waiting()
        finally:
            self._connecting = None

    def _open(self, _client: object) -> None:
        """Connects, and has Redis answer: a port that is open proves nothing."""
        self._connection.disconnect()
        self._connection.connect()
        self._connection.send_command("PING")
        self._connection.read_response()

    def _write_waiting(self) -> None:
        if self._socket is None or not self._waiting:
            return
        if self._calls.is_stopped:  # others found out; the next connection is the trial
            self._hang_up()
            return
        now = time.monotonic()
        waiting, self._waiting = self._waiting, []
        self._sent.extend([(now, done) for _, done in waiting])
        is_blocked = bool(self._unwritten)
        self._unwritten += b"".join([command for command, _ in waiting])
        if not is_blocked:
            self._write()
        if not self._is_timed:
            self._is_timed = True
            self._running_loop().call_later(self._timeout_seconds, self._look)

    def _write(self) -> None:
        loop, descriptor = self._running_loop(), self._socket.fileno()
        try:
            del self._unwritten[: self._socket.send(self._unwritten)]
        except _WOULD_WAIT:
            pass
        except OSError as error:
            self._failed(error)
            return
        if self._unwritten:
            loop.add_writer(descriptor, self._write)
        else:
            loop.remove_writer(descriptor)

    def _read(self) -> None:
        """Takes in what has come."""
        try:
            while self._socket is not None:
                piece = self._socket.recv(_READ_BYTES)
                self._unread += piece
                self._take_answers()
                if not piece or (self._unread and not self._sent):
                    self._hang_up()  # it may be there again at once: the next question tells
                if not self._sent:
                    return
        except _WOULD_WAIT:
            return
        except OSError as error:
            self._failed(error)

    def _take_answers(self) -> None:
        place, unread = 0, self._unread
        while self._sent and (end := unread.find(b"\r\n", place)) >= 0:
            kind = unread[place : place + 1]
            next_place = end + 2
            if kind == b"$" and unread[place + 1 : place + 2] != b"-":
                next_place += int(unread[place + 1 : end]) + 2
                if next_place > len(unread):
                    break
            elif kind not in b"$+":
                raise ConnectionAbortedError(bytes(unread[place:end]).decode(errors="replace"))
            _, done = self._sent.popleft()
            if done is not None:
                done(kind == b"$" and next_place > end + 2)
            place = next_place
        del unread[:place]

    def _look(self) -> None:
        """Gives up when an answer is overdue; what lies there unread is not: the loop was busy."""
        self._is_timed = False
        self._read()
        if not self._sent:
            return
        left = self._sent[0][0] + self._timeout_seconds - time.monotonic()
        if left <= 0:
            self._failed(TimeoutError("no answer in time"))
        else:
            self._is_timed = True
            self._running_loop().call_later(left, self._look)

    def _failed(self, error: OSError) -> None:
        _log.debug("Redis: %s", error)
        self._connect_at = time.monotonic() + RETRY_SECONDS
        self._calls.note_failure()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._socket is not None:
            loop = self._running_loop()
            if not loop.is_closed():
                loop.remove_reader(self._socket.fileno())
                loop.remove_writer(self._socket.fileno())
            self._socket = None
        self._connection.disconnect()
        self._unwritten.clear()
        self._unread.clear()
        self._tell_nobody_answers()

    def _tell_nobody_answers(self) -> None:
        dones = [done for _, done in (*self._sent, *self._waiting) if done is not None]
        self._sent.clear()
        self._waiting.clear()
        for done in dones:
            done(None)
