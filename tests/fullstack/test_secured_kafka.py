"""The whole way over a Kafka with TLS, passwords, certificates and rights; what lacks is told."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from confluent_kafka.admin import AclOperation, ResourceType

from tests.fullstack.secured_kafka import CERTIFIED, USER, SecuredKafka, secured_kafka
from tests.support.stack import NO_SCHEDULE, Running, free_ports
from ugc.local.stack import Stack, StackConfig
from ugc.local.stack.parts import ugc_command

pytestmark = [pytest.mark.full, pytest.mark.stack]

CLICK = {"element_type": "trailer", "page_type": "movie"}
RIGHTS = (
    (ResourceType.TOPIC, (AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE,
                          AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS)),
    (ResourceType.GROUP, (AclOperation.READ, AclOperation.DESCRIBE)),
    (ResourceType.BROKER, (AclOperation.IDEMPOTENT_WRITE,)),
)  # fmt: skip
"""What docs/operations.md says that the service needs."""


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[SecuredKafka]:
    with secured_kafka(tmp_path / "kafka") as running:
        yield running


def allow_all(kafka: SecuredKafka, user: str) -> None:
    for kind, operations in RIGHTS:
        kafka.allow(user, kind, *operations)


@pytest.mark.parametrize("way", ["password", "certificate"])
def test_an_event_becomes_a_row(kafka: SecuredKafka, tmp_path: Path, way: str) -> None:
    env_of: Mapping[str, tuple[str, Callable[[], Mapping[str, str]]]] = {
        "password": (USER, kafka.env_of_user),
        "certificate": (CERTIFIED, kafka.env_of_certificate),
    }
    user, env = env_of[way]
    allow_all(kafka, user)
    config = StackConfig(
        state_dir=tmp_path / "stack", ports=free_ports(), parts=NO_SCHEDULE, env=env()
    )
    with Stack.start(config) as stack:
        running = Running(stack)
        event_id = running.accept("element_click", CLICK)
        running.load()
        (row,) = running.rows("SELECT event_id FROM ugc_unique.element_click")
        assert row["event_id"] == str(event_id)


def test_a_missing_right_is_told_by_name(kafka: SecuredKafka) -> None:
    kafka.allow(USER, ResourceType.TOPIC, AclOperation.DESCRIBE)
    done = init(kafka.env_of_user())
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert "ugc.events" in last
    assert "authoriz" in last.lower()
    assert "Traceback" not in done.stderr


def test_a_wrong_password_is_told(kafka: SecuredKafka) -> None:
    done = init(kafka.env_of_user("wrong"))
    assert done.returncode != 0
    assert "uthentication" in done.stderr.strip().splitlines()[-1]
    assert "wrong" not in done.stderr
    assert "Traceback" not in done.stderr


def init(env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """``ugc init`` against a Kafka, the first of the parts that it asks."""
    others = {
        "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
        "REDIS_URL": "redis://127.0.0.1:1",
        "CLICKHOUSE_URL": "http://127.0.0.1:1",
    }
    return subprocess.run(
        ugc_command("init", "--wait", "10"),
        env={"PATH": "/usr/bin:/bin", **others, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
