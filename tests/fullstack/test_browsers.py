"""A front end on an origin of its own sends events to the API, in a real browser."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest

from tests.fullstack.chromium import Page, chromium
from tests.support.stack import NO_SCHEDULE, Running, free_ports
from ugc.stack import Stack, StackConfig

pytestmark = [pytest.mark.full, pytest.mark.stack]


class Front(BaseHTTPRequestHandler):
    """An empty page at every address."""

    def do_GET(self) -> None:
        page = b'<!DOCTYPE html><title>A front end</title><link rel="icon" href="data:,">'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def front_end() -> Iterator[str]:
    """The origin of a front end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Front) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def allowed() -> Iterator[str]:
    with front_end() as origin:
        yield origin


@pytest.fixture(scope="module")
def not_allowed() -> Iterator[str]:
    with front_end() as origin:
        yield origin


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, allowed: str) -> Iterator[Running]:
    config = StackConfig(
        state_dir=tmp_path_factory.mktemp("stack"),
        ports=free_ports(),
        parts=NO_SCHEDULE,
        alone=True,
        env={"CORS_ORIGINS": f"https://www.example.com,{allowed}"},
    )
    with Stack.start(config) as stack:
        yield Running(stack)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page


def click(**changes: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "event": "element_click",
        "token": None,
        "data": {"element_type": "trailer", "page_type": "movie"},
        **changes,
    }


def fetched(page: Page, url: str, body: object, headers: Mapping[str, str]) -> Any:
    """What a page makes of the answer to a POST: status, body and a header; or the error's name."""
    text = json.dumps(body)
    options = {
        "method": "POST",
        # A request that may outlive its page has 64 KiB at most (the Fetch standard, 4.5).
        "keepalive": len(text) < 64_000,
        "headers": dict(headers),
        "body": text,
    }
    return page.run(
        f"""(async () => {{
          try {{
            const answer = await fetch({json.dumps(url)}, {json.dumps(options)});
            return {{
              status: answer.status,
              id: answer.headers.get("X-Correlation-Id"),
              body: await answer.json(),
            }};
          }} catch (error) {{
            return error.name;
          }}
        }})()"""
    )


def preflights(running: Running, route: str) -> int:
    """How many OPTIONS requests the API has answered there."""
    counted = rf'^ugc_api_request_seconds_count{{method="OPTIONS",route="{route}",.*}} (\d+)'
    text = httpx2.get(f"{running.api}/metrics").text
    return sum(int(number) for number in re.findall(counted, text, re.MULTILINE))


JSON = {"Content-Type": "application/json", "Authorization": "Bearer something"}


def test_a_beacon_arrives(running: Running, browser: Page, allowed: str) -> None:
    events = [click(), click()]
    browser.open(f"{allowed}/beacon")
    url, body = f"{running.api}/api/v1/events/batch", json.dumps(events)
    before = preflights(running, "/api/v1/events/batch")
    assert browser.run(f"navigator.sendBeacon({json.dumps(url)}, {json.dumps(body)})") is True
    # The next page is another one, as when a user goes away.
    browser.open(f"{allowed}/gone")
    listed = ",".join(f"'{each['event_id']}'" for each in events)
    query = f"SELECT count() AS n FROM ugc.element_click FINAL WHERE event_id IN ({listed})"

    def arrived() -> bool:
        running.load()
        return [int(row["n"]) for row in running.rows(query)] == [2]

    assert any(arrived() for _ in range(10))
    assert preflights(running, "/api/v1/events/batch") == before
    assert browser.complaints == []


def test_fetch_asks_once_and_then_sends(running: Running, browser: Page, allowed: str) -> None:
    browser.open(f"{allowed}/fetch")
    before = preflights(running, "/api/v1/events")
    events = [click() for _ in range(4)]
    answers = [fetched(browser, f"{running.api}/api/v1/events", each, JSON) for each in events]
    assert [each["status"] for each in answers] == [202] * 4
    assert [each["body"]["event_id"] for each in answers] == [e["event_id"] for e in events]
    assert all(each["id"] for each in answers)
    assert preflights(running, "/api/v1/events") == before + 1
    assert browser.complaints == []


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("events", click(data={"element_type": "x"}), 422, "data_invalid"),
        ("events", click(token="bad"), 401, "token_invalid"),
        ("events/batch", {}, 400, "json_invalid"),
        ("events", click(surplus="x" * 70_000), 413, "body_too_large"),
        ("nowhere", click(), 404, "not_found"),
        ("contracts", click(), 405, "method_not_allowed"),
    ],
)
def test_a_page_reads_why_it_was_refused(
    running: Running, browser: Page, allowed: str, path: str, body: object, status: int, code: str
) -> None:
    browser.open(f"{allowed}/refused")
    url = f"{running.api}/api/v1/{path}"
    told = fetched(browser, url, body, JSON)
    assert (told["status"], told["body"]["code"]) == (status, code)
    assert told["id"] == told["body"]["correlation_id"]


@pytest.mark.parametrize("headers", [JSON, {"Content-Type": "text/plain"}], ids=["json", "text"])
def test_a_page_that_is_not_allowed_reads_nothing(
    running: Running, browser: Page, not_allowed: str, headers: Mapping[str, str]
) -> None:
    browser.open(f"{not_allowed}/foreign")
    url = f"{running.api}/api/v1/events"
    assert fetched(browser, url, click(), headers) == "TypeError"
    (complaint,) = [each for each in browser.complaints if "CORS policy" in each]
    assert "No 'Access-Control-Allow-Origin' header" in complaint


def test_metrics_are_for_no_page(running: Running, browser: Page, allowed: str) -> None:
    browser.open(f"{allowed}/metrics-of-others")
    script = f"fetch({json.dumps(running.api)} + '/metrics').catch((error) => error.name)"
    assert browser.run(script) == "TypeError"


def test_no_page_may_frame_the_documentation(running: Running, browser: Page, allowed: str) -> None:
    browser.open(f"{allowed}/frame")
    browser.run(
        f"""new Promise((done) => {{
          const frame = document.createElement("iframe");
          frame.onload = done;
          frame.src = {json.dumps(running.api)} + "/docs";
          document.body.append(frame);
        }}).then(() => true)"""
    )
    assert any("frame-ancestors" in each for each in browser.complaints)


def test_the_server_names_no_version(running: Running) -> None:
    answer = httpx2.get(f"{running.api}/health/live")
    assert answer.headers.get("Server") in (None, "granian")
