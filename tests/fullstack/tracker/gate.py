"""The way from a page to the API: what goes over it is written down, and a test can disturb it."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from typing import Any

import httpx2

WAIT_SECONDS = 45.0
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
}
_PASSED_ON = ("Content-Type", "Content-Encoding", "Origin", "X-UGC-Debug", "X-UGC-Key")


@dataclass(frozen=True)
class Fault:
    """What happens to one request that brings events.

    ``status`` is answered in the API's place; 0 cuts the connection.  ``arrives`` says that the API
    gets the request nevertheless, and only its answer is lost.  ``until`` is waited for first.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    arrives: bool = False
    until: Event | None = None


@dataclass
class Sending:
    """One request that brought events, and what the API said of each, if it was asked."""

    at: float
    events: list[dict[str, Any]]
    is_packed: bool
    status: int = 0
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """The ``event_id``s, in their order."""
        return [event["event_id"] for event in self.events]


class Gate:
    """What went to the API, and what is to be disturbed next."""

    def __init__(self, api: str) -> None:
        self.api = api
        self.url = ""
        self.sendings: list[Sending] = []
        self.faults: list[Fault] = []
        self.always: Fault | None = None
        self._changed = Condition()

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Returns as soon as the condition holds, which is looked at after each request."""
        with self._changed:
            assert self._changed.wait_for(condition, WAIT_SECONDS), f"{what}: {self.told()}"

    def heal(self) -> int:
        """Disturbs nothing that comes after; gives how many have come before."""
        with self._changed:
            self.always = None
            self.faults.clear()
            return len(self.sendings)

    def began(self, sending: Sending) -> Fault | None:
        """Writes down that a request has come; gives what is to happen to it."""
        with self._changed:
            self.sendings.append(sending)
            self._changed.notify_all()
            return self.faults.pop(0) if self.faults else self.always

    def ended(self, sending: Sending, answer: httpx2.Response) -> None:
        """Writes down what the API has answered."""
        with self._changed:
            sending.status = answer.status_code
            if answer.is_success:
                sending.results = answer.json()["results"]
            self._changed.notify_all()

    def accepted(self, event: str | None = None) -> Counter[str]:
        """How often each ``event_id`` was stored: what the API knew already is no second time."""
        return self._judged(event, lambda result: result["status"] == 202 and not _known(result))

    def repeated(self) -> Counter[str]:
        """What the API knew already, by ``event_id``."""
        return self._judged(None, _known)

    def refused(self) -> Counter[str]:
        """What will never be stored, by ``event_id``."""
        return self._judged(None, lambda result: result["status"] not in (202, 401))

    def sent(self, first: int = 0) -> Counter[str]:
        """How often each ``event_id`` was on its way, not counting the ``first`` requests."""
        return Counter(each for sending in self.sendings[first:] for each in sending.ids)

    def told(self) -> str:
        """For a failed test."""
        return "; ".join(
            f"{each.at - self.sendings[0].at:.2f} s: {len(each.events)} events: {each.status} "
            f"{dict(Counter(result['status'] for result in each.results))}"
            for each in self.sendings
        )

    def _judged(
        self, event: str | None, is_meant: Callable[[dict[str, Any]], object]
    ) -> Counter[str]:
        return Counter(
            sent["event_id"]
            for sending in self.sendings
            for sent, result in zip(sending.events, sending.results, strict=False)
            if is_meant(result) and event in (None, sent["event"])
        )


def _known(result: Mapping[str, Any]) -> bool:
    return result.get("duplicate") is True


@contextmanager
def gate(api: str) -> Iterator[Gate]:
    """A way to the API at ``api``, on a port of its own."""
    way = Gate(api)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_OPTIONS(self) -> None:
            self._answer(self._forward(b""))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers["Content-Encoding"] == "gzip"
            document = json.loads(gzip.decompress(body) if packed else body)
            events = document if isinstance(document, list) else document["events"]
            sending = Sending(time.monotonic(), events, packed)
            fault = way.began(sending)
            if fault is None or fault.arrives:
                answer = self._forward(body)
                way.ended(sending, answer)
            if fault is not None and fault.until is not None:
                fault.until.wait(WAIT_SECONDS)
            if fault is None:
                self._answer(answer)
            elif fault.status:
                sending.status = fault.status
                self._say(fault.status, {**_CORS, **fault.headers}, b"<html>Try later</html>")
            else:
                self.close_connection = True

        def _forward(self, body: bytes) -> httpx2.Response:
            passed = {*_PASSED_ON, *(n for n in self.headers if n.startswith("Access-Control-"))}
            headers = {name: self.headers[name] for name in passed if name in self.headers}
            return client.request(self.command, api + self.path, content=body, headers=headers)

        def _answer(self, answer: httpx2.Response) -> None:
            left = {"content-length", "transfer-encoding", "connection", "date", "server"}
            headers = {name: text for name, text in answer.headers.items() if name not in left}
            self._say(answer.status_code, headers, answer.content)

        def _say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # Whoever asked may have gone.
            try:
                self.wfile.write(body)
                self.wfile.flush()
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_arguments: object) -> None:
            pass

    with (
        httpx2.Client(timeout=WAIT_SECONDS) as client,
        serving(Handler) as way.url,
    ):
        yield way


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server that answers by ``handler``."""
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    # A browser keeps its connections; nobody is to wait for them.
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_arguments: object) -> None:
        """A page that is gone has reset its connection; that is what the tests are about."""
