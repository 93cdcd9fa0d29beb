"""What a few bytes of a stranger's may cost a real worker: counted in processor time and memory."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from api.http.rsgi import MOST_PIECES
from tests.api.http.test_wire import CHUNKED, HEADERS, connect, read_answer
from tests.api.servers import Server
from tests.api.test_stack import Stack, api_over, call, running_stack, send

pytestmark = pytest.mark.stack

MIB = 1_048_576
REQUESTS = 16

PACKED = HEADERS + b"Content-Encoding: gzip\r\n"

BATCHES = {
    "commas": (b"[" + b"," * (MIB - 2) + b"]", 413, "batch_too_long"),
    "commas without an end": (b"[" + b"," * (MIB - 1), 413, "batch_too_long"),
    "brackets": (b"[" * MIB, 400, "json_invalid"),
    "brackets that close": (b"[" * (MIB // 2) + b"]" * (MIB // 2), 207, None),
    "quotes": (b'["' + b'\\"' * (MIB // 2 - 1), 400, "json_invalid"),
    "lines": (b"\n" * MIB, 400, "body_empty"),
    "unpacks to more": (b" " * 64 * MIB, 413, "body_too_large"),
}
"""Body of a batch before gzip, and what it is answered."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[Server]:
    """It lets requests wait as long as a busy machine needs."""
    with api_over(stack, API_QUEUE_SECONDS="600") as running:
        assert send(running).status == 202
        yield running


class Worker:
    """The worker process of a server, as Linux counts what it uses."""

    def __init__(self, server: Server) -> None:
        (self._pid,) = server.process.children()

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def most_memory_bytes(self) -> int:
        """The most that was resident at a time since the process began."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        (kibibytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return 1024 * int(kibibytes)


def batch(api: Server, packed: bytes) -> tuple[int, str | None]:
    head = b"POST /api/v1/events/batch HTTP/1.1\r\n" + PACKED
    with connect(api) as connection, connection.makefile("rb") as stream:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(packed) + packed)
        return read_answer(stream)


@pytest.mark.parametrize("name", BATCHES)
def test_a_megabyte_out_of_a_kilobyte_costs_little_work_and_memory(api: Server, name: str) -> None:
    body, status, code = BATCHES[name]
    packed = gzip.compress(body)
    assert len(packed) < 70_000
    worker = Worker(api)
    seconds, memory = worker.processor_seconds(), worker.most_memory_bytes()
    with ThreadPoolExecutor(REQUESTS) as threads:
        answers = list(threads.map(lambda _: batch(api, packed), range(REQUESTS)))
    assert answers == [(status, code)] * REQUESTS
    assert worker.processor_seconds() - seconds < REQUESTS * 2.0
    assert worker.most_memory_bytes() - memory < REQUESTS * 6 * MIB
    assert call(api, "GET", "/health/live").status == 200


def test_a_body_in_bytes_costs_no_more_than_so_many_of_them(api: Server) -> None:
    """65,000 chunks of one byte; the connection ends while they are still on their way."""
    worker = Worker(api)
    before = worker.processor_seconds()
    sent = b"POST /api/v1/events HTTP/1.1\r\n" + HEADERS + CHUNKED + b"\r\n"
    with connect(api) as connection, connection.makefile("rb") as stream:
        connection.sendall(sent + b"1\r\n \r\n" * (MOST_PIECES + 1))
        assert read_answer(stream) == (400, "request_invalid")
        with suppress(OSError):
            connection.sendall(b"1\r\n \r\n" * (65_000 - MOST_PIECES))
    assert worker.processor_seconds() - before < 5.0
    assert send(api).status == 202
