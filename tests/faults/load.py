"""Open-loop traffic: requests leave by the clock, whatever the answers do.

A latency counts from the moment a request was due, so that what waits behind a stalled server is
not left out.  A request without an answer, or answered 503, is sent again with the same event_id,
as the API's documentation asks clients to do.

``python -m tests.faults.load PLAN`` is a process of its own: measured clients must not share an
interpreter with what watches them.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from tests.support.processes import ServerProcess

CONNECTIONS = 200
ATTEMPTS = 6
ANSWER_SECONDS = 10.0
PAUSE_SECONDS = 0.5
IDLE_SECONDS = 3.0
_VIEW_LENGTH = 150
"""So many views are open at a time."""

NO_ANSWER = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send.  ``users`` are the tokens of visitors that have one, and whose they are."""

    api: str
    events_per_second: float
    seconds: float
    seed: int
    users: Mapping[str, str]
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One event.

    ``due_s`` is Unix time; ``status`` that of the last answer, 0 for none; ``first_status`` that
    of the first attempt; ``view`` the page_view_id of a half of a page view.
    """

    due_s: float
    latency_ms: float
    status: int
    first_status: int
    attempts: int
    event: str
    event_id: str
    user_id: str
    view: str | None

    @property
    def acknowledged(self) -> bool:
        return self.status == 202


def events(seed: int, tokens: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Bodies without an end: clicks, searches, quality changes, and views that end later."""
    seeded = random.Random(seed)
    open_views: deque[dict[str, Any]] = deque()
    while True:
        visitor = [None, *tokens][seeded.randrange(1 + len(tokens))]
        match seeded.randrange(6):
            case 0:
                data = {"page_view_id": _uuid(seeded), "page_type": "movie"}
                body = {"event": "page_view_start", "token": visitor, "data": data}
                open_views.append(body)
            case 1 if len(open_views) > _VIEW_LENGTH:
                body = {**open_views.popleft(), "event": "page_view_end"}
            case 2:
                data = {"video_id": "tt1", "old_quality": 720, "new_quality": 1080}
                body = {"event": "quality_change", "token": visitor, "data": data}
            case 3:
                data = {"search_query": "космос", "filters": "genre=sci-fi"}
                body = {"event": "search_filter", "token": visitor, "data": data}
            case _:
                data = {"element_type": "trailer", "page_type": "movie"}
                body = {"event": "element_click", "token": visitor, "data": data}
        yield {**body, "event_id": _uuid(seeded)}


@contextmanager
def sending(plan: Plan) -> Iterator[ServerProcess]:
    """A process that sends, and is ended with the context if it has not ended by itself."""
    output = Path(plan.output)
    command = [sys.executable, "-m", "tests.faults.load", json.dumps(asdict(plan))]
    process = ServerProcess(command, output.with_suffix(".log"), None)
    try:
        yield process
    finally:
        process.kill()


def read_sent(path: Path) -> list[Sent]:
    """What a process has written to its output."""
    with path.open(encoding="utf-8") as lines:
        return [Sent(**json.loads(line)) for line in lines]


def lines_of(path: Path) -> int:
    """How many events have been answered so far."""
    return path.read_text(encoding="utf-8").count("\n") if path.exists() else 0


class _Client:
    """Keeps connections, and writes down how each event ended."""

    def __init__(self, plan: Plan, output: TextIO) -> None:
        parts = urlsplit(plan.api)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._users = plan.users
        self._output = output
        self._idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._slots = asyncio.Semaphore(CONNECTIONS)

    async def send(self, body: dict[str, Any], due: float) -> None:
        """``due`` in ``time.monotonic()``'s seconds."""
        content = json.dumps(body).encode()
        head = (
            f"POST /api/v1/events HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        statuses: list[int] = []
        while not statuses or (statuses[-1] in (NO_ANSWER, 503) and len(statuses) < ATTEMPTS):
            if statuses:
                await asyncio.sleep(PAUSE_SECONDS)
            statuses.append(await self._attempt(head.encode() + content))
        latency = time.monotonic() - due
        sent = Sent(
            due_s=time.time() - latency,
            latency_ms=latency * 1000,
            status=statuses[-1],
            first_status=statuses[0],
            attempts=len(statuses),
            event=body["event"],
            event_id=body["event_id"],
            user_id=self._users.get(body["token"], "anonymous"),
            view=body["data"].get("page_view_id"),
        )
        self._output.write(json.dumps(asdict(sent)) + "\n")

    def close(self) -> None:
        for _, _, writer in self._idle:
            writer.close()

    async def _attempt(self, request: bytes) -> int:
        async with self._slots:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await self._exchange(request)
            except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
                return NO_ANSWER

    async def _exchange(self, request: bytes) -> int:
        reader, writer = await self._connection()
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = int(head.partition("content-length:")[2].partition("\r\n")[0])
            await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        self._idle.append((time.monotonic(), reader, writer))
        return int(head.split(" ", 2)[1])

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """One that was used a moment ago, or a new one: servers close what is idle."""
        while self._idle:
            since, reader, writer = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)


async def _send_all(plan: Plan) -> None:
    count = int(plan.events_per_second * plan.seconds)
    bodies = events(plan.seed, list(plan.users))
    with Path(plan.output).open("w", encoding="utf-8", buffering=1) as output:
        client = _Client(plan, output)
        began = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(count):
                due = began + number / plan.events_per_second
                if (pause := due - time.monotonic()) > 0:
                    await asyncio.sleep(pause)
                tasks.create_task(client.send(next(bodies), due))
        client.close()


def _uuid(seeded: random.Random) -> str:
    return str(uuid.UUID(int=seeded.getrandbits(128), version=4))


if __name__ == "__main__":
    asyncio.run(_send_all(Plan(**json.loads(sys.argv[1]))))
