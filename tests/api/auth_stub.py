"""An auth_service on loopback that answers whatever a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/api/v1/auth/verify"


@dataclass
class Stub:
    """``answer`` takes a token and gives status and body; ``hold`` is waited for before that."""

    url: str
    answer: Callable[[str], tuple[int, bytes]]
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    drip: bool = False
    redirect_to: str | None = None

    def always(self, status: int, body: object) -> None:
        """Answers every request alike; a body that is not bytes becomes JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer = lambda _token: (status, raw)


@contextmanager
def auth_stub() -> Iterator[Stub]:
    """A running stub that says no to everything, until told otherwise."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stub.requests.append((self.path, sent))
            stub.headers.append(dict(self.headers.items()))
            stub.hold.wait(60)
            status, body = stub.answer(sent["token"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if stub.redirect_to is not None:
                self.send_header("Location", stub.redirect_to)
            self.end_headers()
            for index in range(len(body)) if stub.drip else ():
                self.wfile.write(body[index : index + 1])
                self.wfile.flush()
                threading.Event().wait(0.02)
            if not stub.drip:
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            return  # a client that gave up is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    stub = Stub(f"http://127.0.0.1:{server.server_port}", lambda _token: (401, b""))
    stub.hold.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        stub.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
