"""The stand-in keeps the contract that the API's client is written to."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient

from ugc.auth_service.app import create_app

SECRET = "a secret for tests, long enough for HS256"
USER = "7b4f2f9e-8f43-4ad5-9d1b-3f6f5a0f3c10"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> FlaskClient:
    return create_app(SECRET, clock).test_client()


def token_for(client: FlaskClient, **body: Any) -> str:
    answer = client.post("/api/v1/auth/demo-token", json={"user_id": USER, **body})
    assert answer.status_code == 201
    return str(answer.get_json()["token"])


def verify(client: FlaskClient, token: str) -> tuple[int, dict[str, Any]]:
    answer = client.post("/api/v1/auth/verify", json={"token": token})
    return answer.status_code, answer.get_json()


def test_a_good_token_names_its_user(client: FlaskClient) -> None:
    assert verify(client, token_for(client, ttl_seconds=60)) == (
        200,
        {"user_id": USER, "expires_at": 1_000_060},
    )


def test_users_are_made_when_none_is_named(client: FlaskClient) -> None:
    issued = client.post("/api/v1/auth/demo-token", json={}).get_json()
    assert verify(client, issued["token"])[1]["user_id"] == issued["user_id"]
    uuid.UUID(issued["user_id"])


def test_an_old_token_is_refused(client: FlaskClient, clock: Clock) -> None:
    token = token_for(client, ttl_seconds=60)
    clock.now += 60
    status, body = verify(client, token)
    assert (status, body["code"]) == (401, "token_expired")


def test_a_revoked_token_is_refused(client: FlaskClient) -> None:
    token = token_for(client)
    assert client.post("/api/v1/auth/revoke", json={"token": token}).status_code == 204
    status, body = verify(client, token)
    assert (status, body["code"]) == (401, "token_revoked")


@pytest.mark.parametrize("bad", ["x", "a.b.c", "é", "\ud800", "x" * 100_000])
def test_what_is_no_token_is_refused(client: FlaskClient, bad: str) -> None:
    status, body = verify(client, bad)
    assert (status, body["code"]) == (401, "token_invalid")


def test_a_token_of_another_secret_is_refused(client: FlaskClient, clock: Clock) -> None:
    other = create_app("another secret, also long enough for HS256", clock).test_client()
    status, body = verify(client, token_for(other))
    assert (status, body["code"]) == (401, "token_invalid")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/auth/verify", b""),
        ("/api/v1/auth/verify", b"{"),
        ("/api/v1/auth/verify", b"[]"),
        ("/api/v1/auth/verify", b"{}"),
        ("/api/v1/auth/verify", b'{"token": ""}'),
        ("/api/v1/auth/verify", b'{"token": 1}'),
        ("/api/v1/auth/demo-token", b'{"user_id": "me"}'),
        ("/api/v1/auth/demo-token", b'{"ttl_seconds": "1"}'),
        ("/api/v1/auth/demo-token", b'{"ttl_seconds": 1e99}'),
        ("/api/v1/auth/demo-token", b'{"ttl_seconds": NaN}'),
        ("/api/v1/auth/revoke", b"{}"),
    ],
)
def test_a_malformed_request_is_told_so(client: FlaskClient, path: str, body: bytes) -> None:
    answer = client.post(path, data=body)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("mode", "status"), [("error", 500), ("malformed", 200), ("wrong_user", 200), ("slow", 200)]
)
def test_faults_can_be_switched_on_and_off(client: FlaskClient, mode: str, status: int) -> None:
    token = token_for(client)
    fault = {"mode": mode, "delay_seconds": 0.01}
    assert client.put("/faults", json=fault).status_code == 200
    answer = client.post("/api/v1/auth/verify", json={"token": token})
    assert answer.status_code == status
    if mode == "malformed":
        assert answer.get_json(silent=True) is None
    if mode == "wrong_user":
        assert answer.get_json()["user_id"] != USER
    client.put("/faults", json={"mode": "ok"})
    assert verify(client, token)[1]["user_id"] == USER


def test_an_unknown_fault_is_refused(client: FlaskClient) -> None:
    assert client.put("/faults", json={"mode": "explode"}).status_code == 400
