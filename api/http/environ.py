"""A request of granian's RSGI as WSGI has it, and what the front tells the application with it."""

from __future__ import annotations

import sys
from typing import Any, Protocol
from urllib.parse import quote

from api.http.body import ByteStream

REJECTION = "ugc.rejection"
"""A :class:`~api.errors.Rejection` that the front has decided on:

the application only renders it.
"""

FATE = "ugc.fate"
"""A :class:`~api.errors.Rejection` that the one event of the request met when it was stored:

the application answers as if it had tried itself, and does not try.
"""

BEGAN = "ugc.began"
"""When the request was whole, as ``time.perf_counter`` has it."""


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
    headers: dict[str, list[str]] = {}
    for name, value in scope.headers.items():
        key = _ENVIRON_NAMES.get(name) or f"HTTP_{name.upper().replace('-', '_')}"
        headers.setdefault(key, []).append(value)
    return found | {key: ",".join(values) for key, values in headers.items()}


_ENVIRON_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
