"""A front end on an origin of its own sends events to the API, in a real browser."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest

from tests.fullstack.chromium import Page, chromium
from tests.support.stack import NO_SCHEDULE, Running, free_ports
from ugc.local.stack import Stack, StackConfig

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


BEACON_ENDED = "performance.getEntriesByType('resource').some((e) => e.initiatorType === 'beacon')"

JSON = {"Content-Type": "application/json", "Authorization": "Bearer something"}


def beacon(running: Running, events: list[dict[str, Any]]) -> str:
    """A script that sends a batch with a page that goes away."""
    url, body = json.dumps(f"{running.api}/api/v1/events/batch"), json.dumps(json.dumps(events))
    return f"navigator.sendBeacon({url}, {body})"


def stored(running: Running, events: list[dict[str, Any]]) -> int:
    """How many of the events have a row, after a run of the loader."""
    running.load()
    listed = ",".join(f"'{each['event_id']}'" for each in events)
    query = f"SELECT count() AS n FROM ugc.element_click FINAL WHERE event_id IN ({listed})"
    return int(running.rows(query)[0]["n"])


def test_a_beacon_of_a_page_that_goes_away_arrives(
    running: Running, browser: Page, allowed: str
) -> None:
    events = [click(), click()]
    browser.open(f"{allowed}/shown")
    before = preflights(running, "/api/v1/events/batch")
    browser.run(f"addEventListener('pagehide', () => {beacon(running, events)}) ?? true")
    browser.open(f"{allowed}/next")
    assert any(stored(running, events) == 2 for _ in range(10))
    assert preflights(running, "/api/v1/events/batch") == before


def test_a_beacon_of_json_would_need_cookies(running: Running, browser: Page, allowed: str) -> None:
    """As docs/api.md says; it is why that page sends a string."""
    browser.open(f"{allowed}/blob")
    url = json.dumps(f"{running.api}/api/v1/events")
    blob = f"new Blob([{json.dumps(json.dumps(click()))}], {{type: 'application/json'}})"
    browser.run(f"navigator.sendBeacon({url}, {blob})")
    browser.wait(BEACON_ENDED)
    (complaint,) = [each for each in browser.complaints if "CORS policy" in each]
    assert "Access-Control-Allow-Credentials" in complaint


def test_the_front_end_of_the_documentation_works(
    running: Running, browser: Page, allowed: str
) -> None:
    """The script in docs/api.md, as it stands."""
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```js\n(.*?)```", text, re.DOTALL)
    address = "https://ugc.example.com"
    assert address in script
    browser.open(f"{allowed}/documented")
    before = preflights(running, "/api/v1/events")
    browser.run(script.replace(address, running.api))
    sent, left = click(), [click(), click()]
    assert browser.run(f"send({json.dumps(sent)})") is None
    assert browser.run(f"send({json.dumps(click(data={}))})")["code"] == "data_invalid"
    browser.run(f"waiting.push(...{json.dumps(left)})")
    browser.open(f"{allowed}/next")
    assert any(stored(running, [sent, *left]) == 3 for _ in range(10))
    assert preflights(running, "/api/v1/events") == before


@pytest.mark.parametrize("kind", ["allowed", "not_allowed"])
def test_the_browser_calls_no_beacon_failed(
    running: Running, browser: Page, kind: str, request: pytest.FixtureRequest
) -> None:
    browser.open(f"{request.getfixturevalue(kind)}/beacon")
    assert browser.run(beacon(running, [click()])) is True
    browser.wait(BEACON_ENDED)
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
