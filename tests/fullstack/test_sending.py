"""The script in ``docs/api.md``, run by Node against a server that answers as it is told."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fullstack.cache import program

pytestmark = pytest.mark.full

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([0-9, ]+)(?: and above)?(?:, or no answer)? \| (.+) \|$", TEXT, re.M))
FINAL = {int(s) for row, do in ROWS.items() for s in row.split(",") if do.startswith("do not")}
REPEATED = {int(s) for row in ROWS for s in row.split(",")} - FINAL - {202}

HTML = b"<html><h1>Request Entity Too Large</h1></html>"

# Waits are told and not waited for; the names hide the globals from the script alone, since fetch
# itself needs its clock.
RUN = """
const waits = [];
const send = ((setTimeout, document) => {
%s
return send;
})(
  (done, milliseconds) => { waits.push(milliseconds); setImmediate(done); },
  { addEventListener() {} },
);
send({ event: "e", data: {} }).then((problem) => console.log(JSON.stringify({ problem, waits })));
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` 0: the connection is closed without one."""

    status: int
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


STORED = Answer(202)


@contextmanager
def serving(answers: Sequence[Answer]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The server's address, and what was sent to it; beyond the answers everything is stored."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            at = len(received) - 1
            answer = answers[at] if at < len(answers) else STORED
            if answer.status:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def sent(*answers: Answer) -> tuple[object, list[int], int]:
    """What ``send`` gives, how long it wanted to wait between, and how often it asked."""
    script = re.search(r"```js\n(.+?)```", TEXT, re.DOTALL)
    assert script is not None
    with serving(answers) as (url, received):
        text = RUN % script[1].replace("https://ugc.example.com", url)
        done = subprocess.run(
            [program("node"), "-e", text], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    assert len({each["event_id"] for each in received}) == 1
    told = json.loads(done.stdout)
    return told["problem"], told["waits"], len(received)


def test_the_table_has_statuses_of_both_kinds() -> None:
    assert {408, 429, 500} <= REPEATED
    assert {400, 401, 409, 413, 415, 422} <= FINAL


def test_what_is_stored_is_sent_once() -> None:
    assert sent(STORED) == (None, [], 1)


@pytest.mark.parametrize("status", sorted({*REPEATED, 502, 503, 504}))
def test_what_the_table_says_to_repeat_is_repeated(status: int) -> None:
    html = Answer(status, HTML, {"Content-Type": "text/html"})
    told = Answer(status, b'{"code": "c"}', {"Retry-After": "7"})
    assert sent(html, told) == (None, [1_000, 7_000], 3)


def test_a_connection_that_ends_without_an_answer_is_repeated() -> None:
    assert sent(Answer(0), Answer(0)) == (None, [1_000, 2_000], 3)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_the_table_says_not_to_repeat_gives_its_problem(status: int) -> None:
    assert sent(Answer(status, b'{"code": "c"}')) == ({"code": "c"}, [], 1)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_a_proxy_refuses_with_a_page_is_not_repeated(status: int) -> None:
    assert sent(Answer(status, HTML, {"Content-Type": "text/html"})) == ({"status": status}, [], 1)


def test_a_broken_retry_after_is_as_good_as_none() -> None:
    date = Answer(503, b"", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})
    assert sent(date) == (None, [1_000], 2)
