"""Every setting with wrong values: one line that names the variable, exit code 78, no more."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

import api.config
import ch_schema.client.address
import contracts.naming
import etl.config
import registry.options
import registry.topics
import ugc.local.auth.wsgi
from api.config import ApiConfig
from api.errors import ApiError
from api.services import check
from contracts.addresses import without_user_info
from contracts.errors import ContractError, SettingError
from contracts.model.loader import default_folder
from registry.errors import RegistryError
from tests.api.tokens import SECRET
from tests.support.commands import exit_code
from ugc.exits import MISCONFIGURED
from ugc.exits import exit_code as code_of
from ugc.local.stack.parts import ugc_command

AWAY = "127.0.0.1:1"
"""Nobody listens there."""

RIGHT: Mapping[str, str] = {
    "KAFKA_BOOTSTRAP_SERVERS": AWAY,
    "SCHEMA_REGISTRY_URL": f"http://{AWAY}",
    "REDIS_URL": f"redis://{AWAY}",
    "CLICKHOUSE_URL": f"http://{AWAY}",
    "AUTH_SERVICE_URL": f"http://{AWAY}",
    "UGC_API_URL": f"http://{AWAY}",
    "JWT_SECRET": SECRET,
}

NO_FILE = "/nonexistent/file"
NO_FOLDER = "/etc/passwd"
"""A file, where a folder has to be."""

NUMBERS = ("0", "-1", "1.5", "many", "9" * 40)
SECONDS = ("0", "-1", "soon", "nan", "inf", "9" * 40, "1e300")
URLS = ("somewhere", "ftp://h:1", "http://", "http://h:99999", "http://h/?x=hunter2",
        "http://:hunter2#2@h:1", "http://u:1/hunter2@h:1", "http://h 1:1")  # fmt: skip
REDIS = ("h:1", "http://h:1", "redis://", "redis://h:99999", "redis://h:1/2", "redis://h:1?db=2",
         "redis://:p@ss#hunter2@h:1", "redis://:1/hunter2@h:1",
         "redis://:1?hunter2@h:1")  # fmt: skip
SERVERS = ("h", "h:0", "h:99999", "h:port", "http://h:1", "h:1,,h:2", "u:hunter2@h:1")
TOPICS = ("a topic", "тема", "..", "t" * 250)

BY_REGISTRY = {
    "SCHEMA_REGISTRY_USER_INFO": ("hunter2",),
    "SCHEMA_REGISTRY_CA_FILE": (NO_FILE, NO_FOLDER),
    "SCHEMA_REGISTRY_CERTIFICATE_FILE": (NO_FILE, NO_FOLDER),
    "SCHEMA_REGISTRY_KEY_FILE": (NO_FILE, NO_FOLDER),
    "SCHEMA_REGISTRY_KEY_PASSWORD": ("hunter2",),
    "SCHEMA_REGISTRY_TIMEOUT_SECONDS": SECONDS,
    "SCHEMA_SUBJECT_STRATEGY": ("topic",),
}
BY_NAMING = {
    "CLICKHOUSE_DATABASE": ("a-b", "1", "system"),
    "REDIS_KEY_PREFIX": ("a b", "{a}"),
    "SCHEMA_SUBJECT_NAMESPACE": ("a-b", "a..b"),
}
BY_TOPICS = {
    "KAFKA_TOPIC": TOPICS,
    "KAFKA_DEAD_LETTER_TOPIC": (*TOPICS, "ugc.events"),
    "KAFKA_REJECTED_TOPIC": (*TOPICS, "ugc.events"),
}
SHARED = {
    **BY_NAMING,
    **BY_REGISTRY,
    **BY_TOPICS,
    "CONTRACTS_DIR": ("/nope", NO_FOLDER),
    "KAFKA_BOOTSTRAP_SERVERS": SERVERS,
    "REDIS_TIMEOUT_SECONDS": SECONDS,
    "REDIS_URL": REDIS,
    "SCHEMA_REGISTRY_URL": URLS,
}

BY_API = {
    **SHARED,
    "API_CLICKHOUSE_URL": ("h:9000", "postgres://h", "clickhouse://u:hunter2@h:99999"),
    "API_QUEUE_REQUESTS": ("-1", "1.5", "many", "9" * 40),
    "API_QUEUE_SECONDS": SECONDS,
    "API_THREADS": NUMBERS,
    "AUTH_CACHE_REFUSED_SECONDS": SECONDS,
    "AUTH_CACHE_SECONDS": SECONDS,
    "AUTH_SERVICE_PATH": ("verify",),
    "AUTH_SERVICE_URL": (*URLS, "http://h:1/path"),
    "AUTH_TIMEOUT_SECONDS": SECONDS,
    "BATCH_LIMIT_BYTES": NUMBERS,
    "BATCH_LIMIT_EVENTS": NUMBERS,
    "BODY_LIMIT_BYTES": NUMBERS,
    "BODY_TIMEOUT_SECONDS": SECONDS,
    "CORS_MAX_AGE_SECONDS": NUMBERS,
    "CORS_ORIGINS": ("example.com", "https://a/", "*,https://a"),
    "DEBUGGER": ("on", "true", "OPEN"),
    "DEBUGGER_KEY": ("hunter2", "schlüssel" * 3),
    "DELIVERY_TIMEOUT_SECONDS": (*SECONDS, "0.9", "2147484"),
    "DUPLICATE_TIMEOUT_SECONDS": SECONDS,
    "DUPLICATE_WINDOW_SECONDS": SECONDS,
    "JSON_DEPTH_LIMIT": NUMBERS,
    "JWT_JWKS_FILE": (NO_FILE, NO_FOLDER, "/etc"),
    "JWT_MAX_OVERDUE_SECONDS": SECONDS,
    "JWT_PUBLIC_KEY": ("hunter2",),
    "JWT_PUBLIC_KEY_FILE": (NO_FILE, NO_FOLDER, "/etc"),
    "JWT_SECRET": (
        "secret", "change-me-" * 4, "hunter2" * 5, "a" * 64, "abcdefghijklmnopqrstuvwxyz0123456789",
        "0123456789" * 4, "aaaaaaaaaaaaaaaaaaaaaaaaabcdefgh",
    ),
    "PUBLISH_TIMEOUT_SECONDS": (*SECONDS, "0.009"),
    "RATE_LIMIT": ("600", "499/minute", "600/year", "9" * 40 + "/minute"),
    "SPOOL_DIR": (NO_FOLDER, f"{NO_FOLDER}/spool", "/proc/spool"),
    "SPOOL_MAX_BYTES": (*NUMBERS, "1048575"),
    "TRUSTED_PROXIES": ("-1", "10.0.0.0/8"),
}  # fmt: skip

BY_LOADER = {
    **SHARED,
    "CLICKHOUSE_URL": (
        "h:9000", "postgres://h", "clickhouse://", "clickhouse://u:hunter2@h:99999",
        "clickhouse://u:#hunter2@h", "clickhouse://u:1/hunter2@h", "clickhouse://u:1?hunter2@h",
        "clickhouse://h/a/b", "http://a,b", "http://h?connect_timeout=0", f"https://h?ca_certs={NO_FILE}",
        f"chdb://{NO_FOLDER}",
    ),
    "DEDUP_WINDOW_SECONDS": NUMBERS,
    "ETL_CHUNK_MESSAGES": NUMBERS,
    "ETL_CHUNK_SECONDS": (*SECONDS, "9", "86401"),
    "ETL_DEAD_LETTER_MINIMUM": NUMBERS,
    "ETL_DEAD_LETTER_RATIO": ("-0.1", "1.1", "nan", "half"),
    "ETL_GAP_GRACE_SECONDS": NUMBERS,
    "ETL_PRODUCER_MEMORY_SECONDS": NUMBERS,
    "KAFKA_SESSION_TIMEOUT_MS": (*NUMBERS, "3600001"),
}  # fmt: skip

BY_QUALITY = {name: values for name, values in BY_LOADER.items() if name not in BY_REGISTRY}
"""It asks no registry."""

BY_INIT = {
    **BY_NAMING,
    **BY_REGISTRY,
    **BY_TOPICS,
    "CLICKHOUSE_URL": BY_LOADER["CLICKHOUSE_URL"],
    "CONTRACTS_DIR": SHARED["CONTRACTS_DIR"],
    "KAFKA_BOOTSTRAP_SERVERS": SERVERS,
    "KAFKA_MIN_INSYNC_REPLICAS": NUMBERS,
    "KAFKA_PARTITIONS": NUMBERS,
    "KAFKA_REPLICATION_FACTOR": NUMBERS,
    "SCHEMA_REGISTRY_URL": URLS,
}

BY_AUTH = {
    "AUTH_FAULT": ("sometimes",),
    "AUTH_TOKEN_TTL_SECONDS": NUMBERS,
    "JWT_SECRET": ("secret",),
}

ANYTHING = {
    "CLICKHOUSE_CLUSTER": "ClickHouse says which clusters it knows",
    "DEBUGGER_APPLICATIONS": "looked at only where there is a debugger",
    "JWT_AUDIENCE": "any text",
    "JWT_ISSUER": "any text",
    "KAFKA_GROUP_ID": "any text",
    "SCHEMA_ID_CACHE_DIR": "a folder that cannot be used is logged and costs the memory of ids",
}
"""Settings of which no value is wrong."""


def table(settings: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in settings.items() for value in values]


def assert_one_line(said: str, name: str) -> None:
    # Commands that judge contracts tell first which they found.
    said = "".join(each for each in said.splitlines(True) if not each.startswith("contracts: "))
    assert len(said.splitlines()) == 1, said
    named = "SCHEMA_REGISTRY_CERTIFICATE_FILE" if "REGISTRY_KEY" in name else name
    assert named in said or name in said
    assert "hunter2" not in said


@pytest.mark.parametrize(("name", "value"), table(BY_API))
def test_the_api_does_not_start(name: str, value: str, tmp_path: Path) -> None:
    env = {**RIGHT, "SPOOL_DIR": str(tmp_path / "spool"), name: value}
    if name.startswith("JWT_") and name != "JWT_SECRET":
        env["JWT_SECRET"] = ""
    with pytest.raises((ApiError, ContractError, RegistryError, SettingError)) as refused:
        check(ApiConfig.from_env(env))
    assert code_of(refused.value) == MISCONFIGURED
    assert_one_line(str(refused.value), name)


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    check(ApiConfig.from_env({**RIGHT, "SPOOL_DIR": str(tmp_path / "spool")}))


def refused_by(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> str:
    assert exit_code(*command) == MISCONFIGURED
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        *((("etl", "run"), *each) for each in table(BY_LOADER)),
        *((("quality",), *each) for each in table(BY_QUALITY)),
        *((("init", "--wait", "0"), *each) for each in table(BY_INIT)),
        *((("auth", "serve", "--port", "0"), *each) for each in table(BY_AUTH)),
        *((("sql", "SELECT 1"), "CLICKHOUSE_URL", each) for each in BY_LOADER["CLICKHOUSE_URL"]),
        *((("schema", "plan"), "CLICKHOUSE_URL", each) for each in BY_LOADER["CLICKHOUSE_URL"]),
        *((("registry", "sync"), "SCHEMA_REGISTRY_URL", each) for each in URLS),
        *((("asyncapi",), *each) for each in table(BY_TOPICS)),
        (("quality", "alerts"), "CONTRACTS_DIR", "/nope"),
        (("traffic",), "CONTRACTS_DIR", "/nope"),
        *((("rejected",), "KAFKA_BOOTSTRAP_SERVERS", each) for each in SERVERS),
        (("api", "serve", "--port", "0"), "PROMETHEUS_MULTIPROC_DIR", NO_FOLDER),
        (("api", "serve", "--port", "0"), "JWT_SECRET", "secret"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else str(each)[:40],
)  # fmt: skip
def test_a_command_ends_with_78(
    command: tuple[str, ...],
    name: str,
    value: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # A folder that nobody named is told of in a line of its own.
    named = {"CONTRACTS_DIR": str(default_folder()), "SPOOL_DIR": str(tmp_path / "spool")}
    for each in {**RIGHT, **named, name: value}.items():
        monkeypatch.setenv(*each)
    assert_one_line(refused_by(command, capsys), name)


def test_every_variable_of_the_tables_in_the_code_is_here() -> None:
    modules = (
        *(api.config, contracts.naming, etl.config, registry.options, registry.topics),
        ugc.local.auth.wsgi,
    )
    told = {
        name
        for module in modules
        for name in re.findall(r"^([A-Z][A-Z_]{3,}) ", module.__doc__ or "", re.MULTILINE)
    }
    assert ch_schema.client.address.__doc__
    assert told - ANYTHING.keys() <= BY_API.keys() | BY_LOADER.keys() | BY_AUTH.keys()


def test_the_process_of_the_api_says_so_before_it_starts_workers(tmp_path: Path) -> None:
    env = {"PATH": "/usr/bin:/bin", **RIGHT, "JWT_SECRET": "", "JWT_JWKS_FILE": NO_FILE}
    done = subprocess.run(
        ugc_command("api", "serve", "--port", "0"),
        env={**env, "SPOOL_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == MISCONFIGURED, done.stderr
    assert_one_line(done.stderr, "JWT_JWKS_FILE")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://h:1", "redis://h:1"),
        ("redis://:hunter2@h:1", "redis://***@h:1"),
        ("redis://:p@ss#hunter2@h:1", "redis://***@h:1"),
        ("clickhouse://u:hun:ter2@a:1,b:2/ugc", "clickhouse://***@a:1,b:2/ugc"),
        ("http://u:hunter2@a,http://u:hunter2@b", "http://***@a,http://***@b"),
        ("http://u:hun/ter2@a:1", "http://***@a:1"),
        ("a:1,b:2", "a:1,b:2"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, shown: str) -> None:
    assert without_user_info(address) == shown
