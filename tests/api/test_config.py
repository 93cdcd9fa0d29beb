"""Settings from the environment: defaults, and errors that name the variable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from api import config as config_module
from api.config import ApiConfig, Publishing
from api.http.batch import BatchLimits
from api.http.lanes import Queueing
from api.http.origins import CorsPolicy
from api.limits.rate_limit import Rate
from contracts import naming
from contracts.errors import SettingError
from registry import kafka_servers, keys, topics
from registry import options as registry_options
from registry.keys import KeyForm
from tests.api.world import ENV


def with_env(**changes: str) -> ApiConfig:
    return ApiConfig.from_env({**ENV, **changes})


def test_defaults() -> None:
    config = with_env()
    assert config.kafka_topic == "ugc.events"
    assert config.key_form is KeyForm.EVENT
    assert config.auth_url == "http://127.0.0.1:1/api/v1/auth/verify"
    assert (config.auth_timeout_seconds, config.redis_timeout_seconds) == (0.04, 0.02)
    assert (config.cache_times.identity_seconds, config.cache_times.rejection_seconds) == (300, 30)
    assert config.jwt.max_overdue_seconds == 30 * 24 * 3600
    assert config.limits.json_depth == 32
    assert config.publishing.spool_max_bytes == 268_435_456
    assert (config.publishing.wait_seconds, config.publishing.delivery_seconds) == (0.05, 15.0)
    assert config.body_limit_bytes == 65_536
    assert (config.batch.body_bytes, config.batch.events) == (1_048_576, 500)
    assert config.duplicate_window_seconds == 600
    assert (config.rate_limit, config.trusted_proxies) == (None, 0)
    assert (config.body_timeout_seconds, config.threads) == (30, 32)
    assert config.queueing == Queueing(requests=256, seconds=5.0)
    assert config.contracts_dir is None


def test_waiting_for_redis_and_auth_service_stays_well_under_100_ms() -> None:
    """The worst case: Redis is connected to and asked, auth_service is waited for.

    The rate limit and the memory of event ids share a circuit breaker that one failure opens, so
    that only one of the two waits in vain.
    """
    config = with_env()
    for_the_user = 2 * config.redis_timeout_seconds + config.auth_timeout_seconds
    assert for_the_user <= 0.08
    assert for_the_user + 2 * config.duplicate_timeout_seconds <= 0.09


@pytest.mark.parametrize(
    "name",
    [
        "KAFKA_BOOTSTRAP_SERVERS",
        "SCHEMA_REGISTRY_URL",
        "REDIS_URL",
        "AUTH_SERVICE_URL",
        "SPOOL_DIR",
    ],
)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_has_to_be_set(name: str, value: str | None) -> None:
    env = {k: v for k, v in ENV.items() if k != name} | ({} if value is None else {name: value})
    with pytest.raises(SettingError, match=f"{name} must be set, in the form"):
        ApiConfig.from_env(env)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("REDIS_URL", ["localhost", "http://x", "redis://", "redis://x/1", "redis://x:port"]),
        (
            "AUTH_SERVICE_URL",
            ["x", "ftp://x", "http://", "http://x/path", "http://x?q", "http://x:0"],
        ),
        ("AUTH_SERVICE_PATH", ["api/verify", "http://x"]),
        ("AUTH_TIMEOUT_SECONDS", ["0", "-1", "nan", "inf", "40ms"]),
        ("REDIS_TIMEOUT_SECONDS", ["0", "x"]),
        ("PUBLISH_TIMEOUT_SECONDS", ["0", "0.0001", "x"]),
        ("DELIVERY_TIMEOUT_SECONDS", ["0", "0.9", "x"]),
        ("SPOOL_MAX_BYTES", ["0", "1048575", "1GB"]),
        ("KAFKA_BOOTSTRAP_SERVERS", ["host", "host:port", "http://host:1", ",", "a:1,,b:1"]),
        ("SCHEMA_REGISTRY_URL", ["host:8081", "ftp://x", "http://", "http://a,b", "http://a?x"]),
        ("AUTH_CACHE_SECONDS", ["0", "x"]),
        ("AUTH_CACHE_REFUSED_SECONDS", ["0", "x"]),
        ("JWT_MAX_OVERDUE_SECONDS", ["0", "30d"]),
        ("BODY_LIMIT_BYTES", ["0", "-1", "64k", "1e5", "1.5", "٣", "9" * 5000, "67108865"]),
        ("BATCH_LIMIT_BYTES", ["0", "1MB", "67108865"]),
        ("BATCH_LIMIT_EVENTS", ["0", "many"]),
        ("DUPLICATE_WINDOW_SECONDS", ["0", "10m"]),
        ("DUPLICATE_TIMEOUT_SECONDS", ["0", "x"]),
        ("RATE_LIMIT", ["0/minute", "499/minute", "600", "600/2 days", "600/year", "many/hour"]),
        ("RATE_LIMIT", ["600/minute;9000/hour", "9" * 5000 + "/minute"]),
        ("BODY_TIMEOUT_SECONDS", ["0", "soon"]),
        ("API_THREADS", ["0", "many"]),
        ("API_QUEUE_REQUESTS", ["-1", "many"]),
        ("API_QUEUE_SECONDS", ["0", "soon"]),
        ("TRUSTED_PROXIES", ["-1", "x", "10.0.0.0/8"]),
        ("JSON_DEPTH_LIMIT", ["0", "x"]),
        ("JWT_PUBLIC_KEY_FILE", ["/no/such/file"]),
        ("CORS_ORIGINS", ["x", "https://a/", "*,https://a", ","]),
        ("CORS_MAX_AGE_SECONDS", ["0", "2h"]),
    ],
)
def test_what_is_malformed(name: str, values: list[str]) -> None:
    for value in values:
        with pytest.raises(SettingError, match=f"^{name} must be ") as raised:
            with_env(**{name: value})
        assert raised.value.variable == name


def test_every_variable_can_be_set(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("a key")
    config = with_env(
        KAFKA_BOOTSTRAP_SERVERS="a:9092, [::1]:9092",
        SCHEMA_REGISTRY_URL="http://a/apis/ccompat/v7,https://b:8081",
        KAFKA_TOPIC="t",
        AUTH_SERVICE_URL="https://auth.example:8443/",
        AUTH_SERVICE_PATH="/check",
        AUTH_TIMEOUT_SECONDS="0.5",
        JWT_PUBLIC_KEY_FILE=str(key),
        JWT_ISSUER="i",
        JWT_AUDIENCE="a",
        BODY_LIMIT_BYTES="100",
        BATCH_LIMIT_BYTES="1000",
        BATCH_LIMIT_EVENTS="7",
        DUPLICATE_WINDOW_SECONDS="60",
        DUPLICATE_TIMEOUT_SECONDS="0.5",
        RATE_LIMIT="1000 per 10 seconds",
        TRUSTED_PROXIES="2",
        BODY_TIMEOUT_SECONDS="5",
        API_THREADS="4",
        API_QUEUE_REQUESTS="0",
        API_QUEUE_SECONDS="2.5",
        JSON_DEPTH_LIMIT="5",
        PUBLISH_TIMEOUT_SECONDS="3",
        DELIVERY_TIMEOUT_SECONDS="60",
        SPOOL_DIR=str(tmp_path / "spool"),
        SPOOL_MAX_BYTES="2000000",
        CONTRACTS_DIR=str(tmp_path),
        CORS_ORIGINS="https://a.example,http://localhost:3000",
        CORS_MAX_AGE_SECONDS="60",
    )
    assert config.auth_url == "https://auth.example:8443/check"
    assert (config.jwt.public_key, config.jwt.issuer, config.jwt.audience) == ("a key", "i", "a")
    assert (config.kafka_topic, config.contracts_dir) == ("t", tmp_path)
    assert (config.body_limit_bytes, config.limits.json_depth) == (100, 5)
    assert config.batch == BatchLimits(body_bytes=1000, events=7)
    assert (config.duplicate_window_seconds, config.duplicate_timeout_seconds) == (60, 0.5)
    assert (config.rate_limit, config.trusted_proxies) == (Rate(1000, 10), 2)
    assert (config.body_timeout_seconds, config.threads) == (5, 4)
    assert config.queueing == Queueing(requests=0, seconds=2.5)
    assert config.publishing == Publishing(
        spool_dir=tmp_path / "spool",
        spool_max_bytes=2_000_000,
        wait_seconds=3.0,
        delivery_seconds=60.0,
    )
    assert config.cors == CorsPolicy(
        origins=("https://a.example", "http://localhost:3000"), max_age_seconds=60
    )


def test_the_public_key_is_given_in_one_way(tmp_path: Path) -> None:
    assert with_env(JWT_PUBLIC_KEY="a key").jwt.public_key == "a key"
    with pytest.raises(SettingError, match="JWT_PUBLIC_KEY_FILE must be unset"):
        with_env(JWT_PUBLIC_KEY="a key", JWT_PUBLIC_KEY_FILE=str(tmp_path))


def test_secrets_are_not_shown() -> None:
    shown = repr(with_env(REDIS_URL="redis://:hunter2@127.0.0.1:1"))
    assert "hunter2" not in shown
    assert ENV["JWT_SECRET"] not in shown


WAYS_INTO_KAFKA: tuple[Mapping[str, str], ...] = tuple(
    {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": mechanism,
        "KAFKA_SASL_USERNAME": "u",
        "KAFKA_SASL_OAUTH_TOKEN_URL": "https://login.example.org/token",
        "KAFKA_SASL_OAUTH_CLIENT_ID": "c",
        "KAFKA_SASL_OAUTH_CLIENT_SECRET": "s",
    }
    for mechanism in ("PLAIN", "OAUTHBEARER", "AWS_MSK_IAM")
)


def test_the_table_of_variables_is_complete() -> None:
    """Every variable that is read is in a module's docstring, and the other way round."""
    modules = (config_module, kafka_servers, registry_options, topics, keys, naming)
    tables = "\n".join(str(module.__doc__) for module in modules)
    documented = set(re.findall(r"^([A-Z][A-Z_]{3,}) ", tables, re.MULTILINE))
    reads: set[str] = set()

    class Recording(dict[str, str]):
        def get(self, name: str, default: object = None) -> str:  # type: ignore[override]
            reads.add(name)
            return super().get(name, "")

    for kafka in ({}, *WAYS_INTO_KAFKA):
        with suppress(SettingError):
            ApiConfig.from_env(Recording({**ENV, **kafka}))
    # A secret may stand in a file, whose variable is documented with all of them.
    reads -= {f"{name}_FILE" for name in documented} - documented
    # The database's name is looked for there; the API has no use for either.
    assert documented | {"CLICKHOUSE_URL"} == reads
