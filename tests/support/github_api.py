"""A small server that answers like the part of GitHub's API which concerns comments."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JOB = "github-actions[bot]"


@dataclass
class GitHub:
    """What the server has, and how it answers.

    ``login`` is who the token belongs to; ``None`` is a job's own, which may not ask. ``refuses``
    is the status of every answer to a request that writes.
    """

    comments: list[dict[str, Any]] = field(default_factory=list)
    login: str | None = None
    refuses: int | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def add(self, body: str, login: str) -> None:
        """A comment of somebody."""
        number = len(self.comments) + 1
        self.comments.append(
            {
                "id": number,
                "body": body,
                "user": {"login": login},
                "html_url": f"https://github.example.org/c/{number}",
            }
        )

    def answer(self, method: str, path: str, document: Any) -> tuple[int, Any]:
        """Status and body for one request."""
        self.asked.append(f"{method} {path}")
        if method != "GET" and self.refuses is not None:
            return self.refuses, {"message": "Resource not accessible by integration"}
        if path == "/user":
            return (403, {"message": "no"}) if self.login is None else (200, {"login": self.login})
        if found := re.fullmatch(r"/repos/o/r/issues/7/comments\?per_page=(\d+)&page=(\d+)", path):
            size, page = int(found[1]), int(found[2])
            return 200, self.comments[(page - 1) * size : page * size]
        if (method, path) == ("POST", "/repos/o/r/issues/7/comments"):
            self.add(document["body"], self.login or JOB)
            return 201, self.comments[-1]
        if found := re.fullmatch(r"/repos/o/r/issues/comments/(\d+)", path):
            comment = self.comments[int(found[1]) - 1]
            comment["body"] = document["body"]
            return 200, comment
        return 404, {"message": "Not Found"}


@contextmanager
def serving(github: GitHub) -> Iterator[GitHub]:
    """Serves until the block ends; ``url`` is where."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            document = json.loads(self.rfile.read(size)) if size else None
            if self.headers.get("Authorization") != "Bearer of-this-run":
                status, body = 401, {"message": "Bad credentials"}
            else:
                status, body = github.answer(self.command, self.path, document)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    github.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield github
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
