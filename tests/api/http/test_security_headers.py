"""What every answer tells browsers to refuse, and that the pages can live with it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.world import CLICK, World, post

NOTHING = "default-src 'none'; frame-ancestors 'none'"
PAGES = ["/", "/docs", "/docs/reasons"]
API = ["/api/v1/events", "/api/v1/contracts", "/api/v1/contracts/element_click/1", "/api/v1/none"]
OTHERS = [
    "/nowhere",
    "/openapi.json",
    "/metrics",
    "/health/live",
    "/health/ready",
    "/docs/",
    "/docs/pages.css",
    "/docs/start.js",
    "/docs/oauth2-redirect",
    "/docs/static/swagger-ui.css",
    "/docs/static/nowhere",
    "/apidocs/index.html",
]


@pytest.fixture
def client() -> FlaskClient:
    return World().client()


def directives(policy: str) -> dict[str, list[str]]:
    """A Content-Security-Policy: directive → its sources."""
    parts = [each.split() for each in policy.split(";")]
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", [*PAGES, *API, *OTHERS])
def test_every_answer_has_them_once(client: FlaskClient, method: str, path: str) -> None:
    with client.open(path, method=method) as answer:
        headers = answer.headers
        once = {name: headers.getlist(name) for name, _ in headers}
    assert once["X-Content-Type-Options"] == ["nosniff"]
    assert once["X-Frame-Options"] == ["DENY"]
    assert once["Referrer-Policy"] == ["no-referrer"]
    assert len(once["Content-Security-Policy"]) == len(once["Cross-Origin-Resource-Policy"]) == 1
    assert not {"Strict-Transport-Security", "Server", "X-Powered-By"} & once.keys()


@pytest.mark.parametrize("path", [*API, *OTHERS])
def test_what_is_no_page_may_do_nothing(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        assert answer.headers["Content-Security-Policy"] == NOTHING


@pytest.mark.parametrize("path", PAGES)
def test_pages_may_use_files_of_this_server_alone(client: FlaskClient, path: str) -> None:
    found = directives(client.get(path).headers["Content-Security-Policy"])
    assert found["default-src"] == found["base-uri"] == found["form-action"] == ["'none'"]
    assert found["frame-ancestors"] == ["'none'"]
    assert found["script-src"] == found["style-src"] == found["connect-src"] == ["'self'"]
    assert found["img-src"] == ["'self'", "data:"]


class Inline(HTMLParser):
    """Collects what a policy without ``'unsafe-inline'`` forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_what_its_policy_forbids(client: FlaskClient, path: str) -> None:
    reader = Inline()
    reader.feed(client.get(path).text)
    assert reader.found == []


def test_the_reader_of_pages_knows_what_is_forbidden() -> None:
    reader = Inline()
    reader.feed('<style></style><script>1</script><script src="x"></script><a onclick="" style="">')
    assert sorted(reader.found) == ["onclick", "script", "style", "style"]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/docs/start.js", "text/javascript"), ("/docs/pages.css", "text/css")],
)
def test_files_of_the_pages_are_what_nosniff_demands(
    client: FlaskClient, path: str, media_type: str
) -> None:
    assert client.get(path).mimetype == media_type


@pytest.mark.parametrize("origins", ["", "https://a.example.com", "*"])
def test_a_beacon_of_another_origin_may_have_its_answer(origins: str) -> None:
    client = World().client(CORS_ORIGINS=origins)
    sent: dict[str, Any] = {"content_type": "text/plain;charset=UTF-8"}
    for answer in (post(client, CLICK, **sent), post(client, b"", **sent)):
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
def test_nothing_else_may_be_embedded_elsewhere(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
