"""The application through Flask's own client: answers, headers, errors, logs, documentation."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from api.docs import openapi
from api.model import ComponentHealth, ComponentStatus
from tests.api.world import CLICK, World, post, token

SANE_ID = "a1B2._-" + "x" * 57


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client()


def test_a_stored_event_is_answered_with_202(world: World, client: FlaskClient) -> None:
    answer = post(client, CLICK)
    assert (answer.status_code, answer.mimetype) == (202, "application/json")
    assert answer.json == {
        "event_id": "00000000-0000-0000-0000-000000000002",
        "event": "element_click",
        "version": 1,
        "timestamp": "2026-01-31T12:00:00.123Z",
    }
    assert len(world.publisher.published) == 1


def test_a_whole_second_has_its_zeros_too(world: World, client: FlaskClient) -> None:
    world.now = world.now.replace(microsecond=0)
    assert post(client, CLICK).get_json()["timestamp"] == "2026-01-31T12:00:00.000Z"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=UTF-8",
        "text/plain;charset=UTF-8",
        "text/plain",
    ],
)
def test_json_and_beacons_are_taken(client: FlaskClient, content_type: str) -> None:
    assert post(client, CLICK, content_type=content_type).status_code == 202


@pytest.mark.parametrize("sent", [SANE_ID, "0190163d-8694-739b-aea5-966c26f8ad91"])
def test_a_sane_correlation_id_is_used_throughout(
    world: World, client: FlaskClient, sent: str
) -> None:
    answer = post(client, CLICK, headers={"X-Correlation-Id": sent})
    assert answer.headers["X-Correlation-Id"] == sent
    assert world.publisher.published[0].headers == {"correlation_id": sent}


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
MADE = "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize(
    ("headers", "used"),
    [
        ({"X-Request-ID": "mine"}, "mine"),
        ({"X-Correlation-Id": "first", "X-Request-ID": "second"}, "first"),
        ({"X-Correlation-Id": "not sane", "X-Request-ID": "second"}, "second"),
        ({"X-Request-ID": "mine", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, "mine"),
        ({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, TRACE),
        ({"traceparent": f"ff-{TRACE}-00f067aa0ba902b7-01"}, MADE),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, MADE),
        ({"traceparent": TRACE}, MADE),
    ],
)
def test_other_names_for_the_id_are_known_too(
    client: FlaskClient, headers: dict[str, str], used: str
) -> None:
    answer = post(client, {}, headers=headers)
    assert answer.headers["X-Correlation-Id"] == used


@pytest.mark.parametrize("sent", [None, "", "a b", "x" * 65, "<script>", "é", 'a"b', "a,b"])
def test_any_other_is_replaced(world: World, client: FlaskClient, sent: str | None) -> None:
    headers = {} if sent is None else {"X-Correlation-Id": sent}
    answer = post(client, {}, headers=headers)
    made = "00000000-0000-0000-0000-000000000001"
    assert answer.headers["X-Correlation-Id"] == made
    assert answer.get_json()["correlation_id"] == made


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/events"),
        ("GET", "/api/v1/events"),
        ("GET", "/nowhere"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
    ],
)
def test_every_answer_has_an_id_and_is_not_stored(
    client: FlaskClient, method: str, path: str
) -> None:
    answer = client.open(path, method=method)
    assert answer.headers["X-Correlation-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/nowhere", "//api/v1/events", "/api/v1/events/", "/api/v1/../x", "/%00", "/%ff"]
)
def test_an_unknown_address_is_a_problem(client: FlaskClient, path: str) -> None:
    assert_problem(client.post(path), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "BREW"])
def test_an_unknown_method_is_a_problem_and_says_what_is_known(
    client: FlaskClient, method: str
) -> None:
    answer = client.open("/api/v1/events", method=method)
    assert_problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_a_host_that_is_none_is_a_problem(client: FlaskClient) -> None:
    answer = post(client, CLICK, headers={"Host": "x" * 70_000})
    assert_problem(answer, 400, "request_invalid")


def test_a_body_at_the_limit_is_judged_and_one_above_is_not(client: FlaskClient) -> None:
    assert_problem(post(client, b" " * 65_536), 400, "body_empty")
    assert_problem(post(client, b" " * 65_537), 413, "body_too_large")


CHUNKED: dict[str, Any] = {
    "headers": {"Transfer-Encoding": "chunked"},
    "environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
}


def test_a_chunked_body_above_the_limit_is_not_cut(world: World, client: FlaskClient) -> None:
    assert post(client, CLICK, **CHUNKED).status_code == 202
    padded = b" " * 65_536 + b"{}"
    assert_problem(post(client, padded, **CHUNKED), 413, "body_too_large")


def test_a_bad_token_gets_the_header_that_http_wants(client: FlaskClient) -> None:
    answer = post(client, {**CLICK, "token": "bad"})
    assert_problem(answer, 401, "token_invalid")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_problem_names_contract_and_violations(client: FlaskClient) -> None:
    answer = post(client, {**CLICK, "data": {"element_type": "x"}})
    document = assert_problem(answer, 422, "data_invalid")
    assert document["contract"] == "element_click@1"
    assert [each["pointer"] for each in document["violations"]] == ["/data/page_type"]


def test_when_kafka_is_down_the_client_is_told_to_come_back(
    world: World, client: FlaskClient
) -> None:
    world.publisher.available = False
    answer = post(client, CLICK)
    assert_problem(answer, 503, "store_unavailable")
    assert answer.headers["Retry-After"] == "5"


def test_a_defect_is_a_problem_without_a_trace_and_logged_with_one(
    world: World, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    class Defective:
        def encode(self, *_args: object, **_kwargs: object) -> bytes:
            raise ZeroDivisionError("a defect")

    world.encoder = Defective()
    answer = post(client, CLICK, headers={"X-Correlation-Id": "c-1"})
    assert_problem(answer, 500, "internal_error")
    assert "ZeroDivision" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.__dict__["correlation_id"] == "c-1"


def test_a_refusal_is_one_line_of_the_log_with_its_facts(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="api"):
        post(client, {**CLICK, "data": {}}, headers={"X-Correlation-Id": "c-1"})
    (record,) = caplog.records
    facts = {name: record.__dict__[name] for name in ("code", "event", "correlation_id")}
    assert facts == {"code": "data_invalid", "event": "element_click", "correlation_id": "c-1"}
    assert record.levelname == "INFO"


def test_a_stored_event_is_no_line_of_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        post(client, CLICK)
    assert caplog.records == []


@pytest.mark.parametrize("auth_works", [True, False])
@pytest.mark.parametrize("secret", ["opaque-token-of-somebody", token(sub="mallory", key="x" * 32)])
@pytest.mark.parametrize(
    "change",
    [{}, {"data": {}}, {"event": "nonsense"}, {"version": 7}, {"surplus": 1}],
    ids=str,
)
def test_a_token_is_in_no_answer_and_in_no_log(
    world: World,
    caplog: pytest.LogCaptureFixture,
    auth_works: bool,
    secret: str,
    change: dict[str, Any],
) -> None:
    world.auth.available = auth_works
    with caplog.at_level(logging.DEBUG):
        for sent in (secret, [secret], {secret: 1}, secret * 200):
            answer = post(world.client(), {**CLICK, **change, "token": sent})
            assert 400 <= answer.status_code < 500
            assert secret not in answer.text
    logged = "\n".join(str(record.__dict__) for record in caplog.records)
    assert secret not in logged


def test_live_says_that_the_process_answers(client: FlaskClient) -> None:
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json) == (200, {"status": "live"})


def test_without_its_threads_a_process_is_not_live(world: World) -> None:
    world.is_alive = False
    answer = world.client().get("/health/live")
    assert (answer.status_code, answer.json) == (503, {"status": "stuck"})
    assert answer.headers["Retry-After"] == "5"


def down(*, required: bool) -> ComponentHealth:
    return ComponentHealth(status=ComponentStatus.DOWN, required=required, detail="no answer")


def test_ready_has_an_entry_for_each_part(world: World) -> None:
    answer = world.client().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ready",
        "parts": {
            "kafka": {"status": "up", "required": True, "detail": "answers"},
            "redis": {"status": "up", "required": False, "detail": "answers"},
        },
    }


def test_without_a_part_that_is_required_it_is_not_ready(world: World) -> None:
    world.health["kafka"] = down(required=True)
    answer = world.client().get("/health/ready")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "not ready")
    assert answer.headers["Retry-After"] == "5"
    assert answer.get_json()["parts"]["kafka"]["detail"] == "no answer"


def test_without_any_other_part_it_still_is_and_says_so(world: World) -> None:
    world.health["redis"] = down(required=False)
    answer = world.client().get("/health/ready")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "degraded")
    assert answer.get_json()["parts"]["redis"]["status"] == "down"


def test_the_document_is_the_one_made_of_the_contracts(world: World, client: FlaskClient) -> None:
    answer = client.get("/openapi.json")
    served = answer.get_json()
    assert served == openapi.document(world.catalog, version=served["info"]["version"])
    assert list(served["paths"]) == [
        "/api/v1/events",
        "/api/v1/events/batch",
        "/api/v1/validate",
        "/api/v1/contracts",
        "/api/v1/contracts/{event}",
        "/api/v1/contracts/{event}/{version}",
        "/health/live",
        "/health/ready",
    ]


def test_the_document_survives_being_asked_for_twice(client: FlaskClient) -> None:
    assert client.get("/openapi.json").data == client.get("/openapi.json").data


LINK = re.compile(r'(?:src|href|url)\s*[=:]\s*"([^"]*)"')


@pytest.mark.parametrize("path", ["/docs", "/docs/reasons"])
def test_the_documentation_works_offline(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    assert not re.search(r"https?://|//[a-z]", page.replace("//cdn", "http://cdn")), (
        "a foreign host"
    )
    links = LINK.findall(page)
    for link in links:
        assert link.startswith("/")
        with client.get(urljoin(path, link)) as answer:
            assert answer.status_code == 200


def test_the_documentation_shows_a_current_swagger_ui(client: FlaskClient) -> None:
    links = set(LINK.findall(client.get("/docs").text))
    assert {"/openapi.json", "/docs/static/swagger-ui-bundle.js"} <= links
    with client.get("/docs/static/swagger-ui-bundle.js") as bundle:
        assert "OpenAPI 3.1" in bundle.text or "openapi31" in bundle.text.lower()


def test_the_documentation_is_found_with_a_slash_too(client: FlaskClient) -> None:
    assert client.get("/docs/", follow_redirects=True).status_code == 200


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    document: dict[str, Any] = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert (document["status"], document["code"]) == (status, code)
    assert document["correlation_id"] == answer.headers["X-Correlation-Id"]
    return document
