"""What pages of other origins are told, through Flask's own client."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import api
from api.config import ApiConfig
from api.http import correlation, cors
from api.http.origins import CorsPolicy, parse_origins
from contracts.errors import SettingError
from tests.api.world import CLICK, ENV, World, post

SHOP = "https://a.example.com"
DEV = "http://localhost:3000"
IPV6 = "http://[::1]:3000"
ORIGINS = f"{SHOP}, {DEV},{IPV6}"

ALLOW = "Access-Control-Allow-Origin"
WANTED = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client(CORS_ORIGINS=ORIGINS)


def access_headers(answer: TestResponse) -> dict[str, str]:
    return {name: v for name, v in answer.headers.items() if name.startswith("Access-Control-")}


def preflight(
    client: FlaskClient,
    origin: str,
    path: str = "/api/v1/events",
    wanted: Mapping[str, str] = WANTED,
) -> TestResponse:
    return client.options(path, headers={"Origin": origin, **wanted})


def with_env(**changes: str) -> ApiConfig:
    return ApiConfig.from_env({**ENV, **changes})


def listed(answer: TestResponse, header: str) -> set[str]:
    return {each.strip().lower() for each in answer.headers.get(header, "").split(",")}


# --- the setting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("*", ("*",)),
        (" * ", ("*",)),
        (SHOP, (SHOP,)),
        (ORIGINS, (SHOP, DEV, IPV6)),
        (f"{SHOP},{SHOP}", (SHOP,)),
        ("http://a_b.local:1,https://xn--e1afmkfd.xn--p1ai", None),
        ("http://127.0.0.1:65535,http://a:443,https://a:80", None),
    ],
)
def test_origins_are_read(text: str, origins: tuple[str, ...] | None) -> None:
    assert parse_origins(text) == (tuple(text.split(",")) if origins is None else origins)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("https://a.example.com/", SHOP),
        ("https://a.example.com/path", SHOP),
        ("https://a.example.com?q", SHOP),
        ("https://a.example.com#f", SHOP),
        ("https://user@a.example.com", SHOP),
        ("HTTPS://A.example.com", SHOP),
        ("https://a.example.com:443", SHOP),
        ("http://a.example.com:080", "http://a.example.com"),
        ("http://[0:0::1]", None),
        ("http://[::1", None),
        ("a.example.com", None),
        ("localhost:3000", None),
        ("//a.example.com", None),
        ("https://", None),
        ("https://*.example.com", None),
        (r"https://.*\.example\.com", None),
        ("https://a.example.com:x", None),
        ("https://a.example.com:65536", None),
        ("https://a..b", None),
        ("https://-a", None),
        ("https://пример.рф", None),
        ("https://a b", None),
        ("https://a\nb", None),
        ("ftp://a.example.com", None),
        ("file:///home", None),
        ("null", None),
        ("", None),
        ("*", None),
    ],
)
def test_what_no_browser_would_send_is_named(wrong: str, meant: str | None) -> None:
    with pytest.raises(SettingError, match=r"^CORS_ORIGINS must be origins like ") as raised:
        with_env(CORS_ORIGINS=f"{DEV},{wrong},{SHOP}")
    assert f"not {wrong!r}" in str(raised.value)
    assert (f"(write {meant})" in str(raised.value)) == (meant is not None)
    assert DEV not in str(raised.value)


def test_the_defaults_allow_nobody() -> None:
    assert with_env().cors == CorsPolicy(origins=(), max_age_seconds=7200)
    assert with_env(CORS_ORIGINS=" ").cors.origins == ()


@pytest.mark.parametrize("wrong", ["0", "-1", "2h", "1.5"])
def test_the_age_of_a_preflight_is_a_number(wrong: str) -> None:
    with pytest.raises(SettingError, match=r"^CORS_MAX_AGE_SECONDS must be a whole number"):
        with_env(CORS_MAX_AGE_SECONDS=wrong)


# --- preflights -----------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", [SHOP, DEV, IPV6])
@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/events/batch", "/api/v1/validate"])
def test_an_allowed_page_may_send(client: FlaskClient, origin: str, path: str) -> None:
    answer = preflight(client, origin, path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers[ALLOW] == origin
    assert answer.headers["Access-Control-Max-Age"] == "7200"
    assert answer.headers["Vary"] == "Origin"
    assert listed(answer, "Access-Control-Allow-Methods") == {"get", "head", "post"}
    assert listed(answer, "Access-Control-Allow-Headers") == {"authorization", "content-type"}
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_how_long_a_preflight_holds_can_be_set(world: World) -> None:
    client = world.client(CORS_ORIGINS=SHOP, CORS_MAX_AGE_SECONDS="60")
    assert preflight(client, SHOP).headers["Access-Control-Max-Age"] == "60"


@pytest.mark.parametrize(
    "header",
    [
        "Authorization",
        "Content-Encoding",
        "Content-Type",
        "If-None-Match",
        "X-Correlation-Id",
        "X-Request-ID",
        "X-UGC-Debug",
        "X-UGC-Key",
        "X-UGC-SDK",
        "traceparent",
        "tracestate",
    ],
)
def test_headers_that_a_page_may_send(client: FlaskClient, header: str) -> None:
    wanted = {**WANTED, "Access-Control-Request-Headers": f"{header.lower()},x-other"}
    allowed = preflight(client, SHOP, wanted=wanted)
    assert listed(allowed, "Access-Control-Allow-Headers") == {header.lower()}


def test_every_header_that_the_api_reads_may_be_sent() -> None:
    sources = [file.read_text(encoding="utf-8") for file in Path(api.__file__).parent.rglob("*.py")]
    read = set(re.findall(r'request\.headers\.get\("([^"]+)"', "\n".join(sources)))
    of_the_browser = {
        "Last-Event-ID",
        "Origin",
        "Sec-Fetch-Site",
        "Transfer-Encoding",
        "User-Agent",
    }
    assert {"Content-Encoding", "X-UGC-SDK"} <= read
    read |= {*correlation.SENT_IN}
    assert read - of_the_browser <= set(cors.REQUEST_HEADERS)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_methods_that_it_may_not_use(client: FlaskClient, method: str) -> None:
    answer = preflight(client, SHOP, wanted={"Access-Control-Request-Method": method})
    assert "Access-Control-Allow-Methods" not in answer.headers


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1/contracts/x/y/z"])
def test_the_preflight_of_an_unknown_address_passes_so_that_its_404_is_read(
    client: FlaskClient, path: str
) -> None:
    answer = preflight(client, SHOP, path)
    assert (answer.status_code, answer.headers[ALLOW]) == (204, SHOP)


NOT_ALLOWED = [
    "https://aXexample.com",
    "https://aXexampleXcom",
    "https://a.example.com.evil.net",
    "https://evil.net/https://a.example.com",
    "https://sub.a.example.com",
    "http://a.example.com",
    "https://a.example.com:8443",
    "http://:3000",
    "http://1:3000",
    "http://localhost",
    "null",
    "*",
]


@pytest.mark.parametrize("origin", NOT_ALLOWED)
def test_any_other_page_is_told_nothing(client: FlaskClient, origin: str) -> None:
    for answer in (
        preflight(client, origin),
        post(client, CLICK, headers={"Origin": origin}),
        post(client, b"", headers={"Origin": origin}),
        client.get("/api/v1/contracts", headers={"Origin": origin}),
    ):
        assert access_headers(answer) == {}
        assert answer.headers["Vary"] == "Origin"


def test_a_preflight_asks_no_part(world: World) -> None:
    client = world.client(CORS_ORIGINS=SHOP)
    world.publisher.available = world.auth.available = False
    world.encoder = None
    assert preflight(client, SHOP).status_code == 204
    assert world.publisher.published == []


def test_what_is_no_preflight_is_answered_as_ever(client: FlaskClient) -> None:
    answer = client.options("/api/v1/events", headers={"Origin": SHOP})
    assert answer.status_code == 200
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


# --- answers --------------------------------------------------------------------------------------


def test_an_allowed_page_reads_the_answer(client: FlaskClient) -> None:
    answer = post(client, CLICK, headers={"Origin": SHOP})
    assert answer.status_code == 202
    assert access_headers(answer) == {
        ALLOW: SHOP,
        "Access-Control-Expose-Headers": (
            "Deprecation, RateLimit, RateLimit-Policy, Retry-After, Sunset, X-Correlation-Id"
        ),
    }
    assert answer.headers["Vary"] == "Origin"


def failing(status: int, world: World, client: FlaskClient) -> TestResponse:
    """An answer of that status, to a page of an allowed origin."""
    sent: dict[str, Any] = {"headers": {"Origin": SHOP}}
    match status:
        case 400:
            return post(client, b"{", **sent)
        case 401:
            return post(client, {**CLICK, "token": "bad"}, **sent)
        case 404:
            return client.get("/api/v1/contracts/none", **sent)
        case 405:
            return client.put("/api/v1/events", **sent)
        case 413:
            return post(client, b" " * 65_537, **sent)
        case 415:
            return post(client, CLICK, content_type="text/html", **sent)
        case 422:
            return post(client, {**CLICK, "data": {}}, **sent)
        case 500:
            world.encoder = Defective()
            return post(client, CLICK, **sent)
        case 503:
            world.publisher.available = False
            return post(client, CLICK, **sent)
        case _:
            raise ValueError(status)


class Defective:
    def encode(self, *_args: object, **_kwargs: object) -> bytes:
        raise ZeroDivisionError("a defect")


@pytest.mark.parametrize("status", [400, 401, 404, 405, 413, 415, 422, 500, 503])
def test_it_reads_every_problem_too(world: World, client: FlaskClient, status: int) -> None:
    answer = failing(status, world, client)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.headers.getlist(ALLOW) == [SHOP]
    assert answer.headers.getlist("Vary") == ["Origin"]
    assert "x-correlation-id" in listed(answer, "Access-Control-Expose-Headers")


def test_an_address_that_no_route_knows_is_read_too(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nowhere", headers={"Origin": SHOP})
    assert (answer.status_code, answer.headers[ALLOW]) == (404, SHOP)


def test_an_answer_out_of_a_cache_fits_whoever_asks(world: World, client: FlaskClient) -> None:
    without_origin = client.get("/api/v1/contracts")
    assert access_headers(without_origin) == {}
    assert without_origin.headers["Vary"] == "Origin"
    etag = without_origin.headers["ETag"]
    again = client.get("/api/v1/contracts", headers={"Origin": SHOP, "If-None-Match": etag})
    assert (again.status_code, again.headers[ALLOW]) == (304, SHOP)
    open_to_all = world.client(CORS_ORIGINS="*").get("/api/v1/contracts")
    assert (open_to_all.headers[ALLOW], open_to_all.headers.get("Vary")) == ("*", None)


@pytest.mark.parametrize("origin", [SHOP, "https://anybody.example", "null"])
def test_an_asterisk_allows_everybody_without_credentials(world: World, origin: str) -> None:
    client = world.client(CORS_ORIGINS="*")
    for answer in (preflight(client, origin), post(client, CLICK, headers={"Origin": origin})):
        assert answer.headers[ALLOW] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origins", [ORIGINS, "*"])
@pytest.mark.parametrize(
    "path", ["/metrics", "/health/live", "/health/ready", "/docs", "/openapi.json", "/api/v1"]
)
def test_what_is_not_for_front_ends_is_not_shared(world: World, origins: str, path: str) -> None:
    client = world.client(CORS_ORIGINS=origins)
    for answer in (
        client.get(path, headers={"Origin": SHOP}),
        preflight(client, SHOP, path, {"Access-Control-Request-Method": "GET"}),
    ):
        assert access_headers(answer) == {}


def test_without_origins_nothing_is_shared(world: World) -> None:
    client = world.client()
    answers = [preflight(client, SHOP), post(client, CLICK, headers={"Origin": SHOP})]
    assert [access_headers(each) for each in answers] == [{}, {}]
    assert [each.status_code for each in answers] == [200, 202]
    assert "CORS_ORIGINS" not in ENV


def test_a_server_with_a_wrong_origin_does_not_start() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ugc", "api", "serve", "--port", "1"],
        env={**os.environ, **ENV, "CORS_ORIGINS": "https://a.example.com/"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.startswith("ugc: CORS_ORIGINS must be ")
    assert "not 'https://a.example.com/' (write https://a.example.com)" in done.stderr
    assert len(done.stderr.splitlines()) == 1
