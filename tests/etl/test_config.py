"""Settings out of environment variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import SettingError
from etl.config import EtlConfig, KafkaConfig, RunPolicy
from registry.kafka_servers import KafkaServers

REQUIRED = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "SCHEMA_REGISTRY_URL": "http://127.0.0.1:8081",
    "REDIS_URL": "redis://user:secret@127.0.0.1:6379/",
    "CLICKHOUSE_URL": "clickhouse://default:secret@127.0.0.1/ugc",
}


def test_the_defaults() -> None:
    config = EtlConfig.from_env({**REQUIRED, "KAFKA_TOPIC": " ", "CONTRACTS_DIR": ""})
    assert config.kafka == KafkaConfig(
        servers=KafkaServers("127.0.0.1:9092"),
        topic="ugc.events",
        dead_letter_topic="ugc.events.dead-letter",
        rejected_topic="ugc.events.rejected",
        group_id="ugc-etl",
        session_timeout_ms=10_000,
    )
    assert config.policy == RunPolicy()
    assert config.dedup_window_seconds == 900
    assert config.redis_url == "redis://user:secret@127.0.0.1:6379"
    assert config.contracts_dir is None


def test_everything_can_be_set() -> None:
    config = EtlConfig.from_env(
        {
            **REQUIRED,
            "KAFKA_TOPIC": "t",
            "KAFKA_DEAD_LETTER_TOPIC": "d",
            "KAFKA_GROUP_ID": "g",
            "KAFKA_SESSION_TIMEOUT_MS": "3000",
            "REDIS_TIMEOUT_SECONDS": "0.5",
            "CONTRACTS_DIR": "/contracts",
            "DEDUP_WINDOW_SECONDS": "60",
            "ETL_CHUNK_MESSAGES": "7",
            "ETL_DEAD_LETTER_RATIO": "1",
            "ETL_DEAD_LETTER_MINIMUM": "3",
        }
    )
    assert config.kafka.topic == "t"
    assert config.kafka.dead_letter_topic == "d"
    assert config.kafka.group_id == "g"
    assert config.kafka.session_timeout_ms == 3_000
    assert config.redis_timeout_seconds == 0.5
    assert config.contracts_dir == Path("/contracts")
    assert config.dedup_window_seconds == 60
    assert config.policy == RunPolicy(
        chunk_messages=7, dead_letter_ratio=1.0, dead_letter_minimum=3
    )


@pytest.mark.parametrize("name", REQUIRED)
def test_what_has_to_be_there(name: str) -> None:
    with pytest.raises(SettingError, match=f"{name} must be set") as raised:
        EtlConfig.from_env({**REQUIRED, name: " "})
    assert raised.value.variable == name


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *((name, wrong) for name in ("ETL_CHUNK_MESSAGES", "DEDUP_WINDOW_SECONDS") for wrong in (
            "0", "-1", "1.5", "1e3", "many", "1_000", "٣", "1" * 10,
        )),
        *(("ETL_DEAD_LETTER_RATIO", wrong) for wrong in ("-0.1", "1.1", "nan", "inf", "x")),
        *(("REDIS_TIMEOUT_SECONDS", wrong) for wrong in ("0", "-1", "nan", "inf", "x")),
        *(("REDIS_URL", wrong) for wrong in (
            "127.0.0.1:6379", "http://h:1", "redis://", "redis://h/2", "redis://h?db=2",
            "redis://h:x", "redis://h:0", "redis://[",
        )),
    ],
)  # fmt: skip
def test_what_is_malformed(name: str, wrong: str) -> None:
    with pytest.raises(SettingError, match=f"{name} must be"):
        EtlConfig.from_env({**REQUIRED, name: wrong})


def test_no_text_of_it_holds_a_password() -> None:
    assert "secret" not in repr(EtlConfig.from_env(REQUIRED))
    with pytest.raises(SettingError) as raised:
        EtlConfig.from_env({**REQUIRED, "REDIS_URL": "redis://:secret@h/2"})
    assert "secret" not in str(raised.value)
