"""What is installed with which extra, and what a command says whose extra is missing."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Collection
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from ugc.exits import MISCONFIGURED
from ugc.extras import EXTRA, way_out

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
BLOCKED = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
from ugc.cli import main
main(sys.argv[2:])
"""


def names(requirements: Collection[str]) -> set[str]:
    found = (re.match(r"[A-Za-z0-9._-]+", each) for each in requirements)
    return {match[0].lower().replace("_", "-") for match in found if match}


def modules_of(requirements: Collection[str]) -> set[str]:
    """The top-level modules of what is installed for these requirements."""
    wanted = names(requirements)
    return {
        module
        for module, found in packages_distributions().items()
        if wanted & {each.lower().replace("_", "-") for each in found}
    }


def without(*extras: str) -> str:
    """Every module that is not there when these extras are not installed."""
    kept = modules_of(PROJECT["dependencies"])
    for extra in {"api", "etl", "local"} - set(extras):
        kept |= modules_of(EXTRAS[extra])
    gone = set().union(*(modules_of(EXTRAS[extra]) for extra in extras)) - kept
    return ",".join(sorted(gone - {"api", "ch_schema", "contracts", "etl", "registry", "ugc"}))


def run(blocked: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", BLOCKED, blocked, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("command", [
    "contracts lint", "contracts list", "contracts check --against HEAD", "registry lock --check",
    "registry avro element_click", "schema ddl", "schema dictionary", "asyncapi", "quality alerts",
    "init --help", "sql --help", "etl --help", "api --help", "--help", "new --help",
])  # fmt: skip
def test_contracts_and_tables_need_no_extra(command: str) -> None:
    done = run(without("api", "etl", "local"), *command.split())
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_loader_needs_neither_flask_nor_anything_else_of_the_api() -> None:
    blocked = without("api", "local")
    assert {"flask", "granian", "jwt"} <= set(blocked.split(","))
    done = run(blocked, "etl", "run")
    assert done.returncode == MISCONFIGURED
    assert "ugc: KAFKA_BOOTSTRAP_SERVERS " in done.stderr


@pytest.mark.parametrize(("command", "missing", "extra"), [
    ("api serve", "api", "api"), ("etl run", "etl", "etl"), ("etl schedule", "etl", "etl"),
    ("quality", "etl", "etl"), ("rejected", "etl", "etl"), ("up", "local", "local"),
    ("demo", "local", "local"), ("auth serve", "api", "local"),
    ("registry serve --data-dir {}", "api", "local"), ("mcp", "mcp", "mcp"),
])  # fmt: skip
def test_a_missing_extra_is_one_line_with_the_command_that_installs_it(
    tmp_path: Path, command: str, missing: str, extra: str
) -> None:
    blocked = without(*{missing, "api", "etl"} if missing != "local" else {"local"})
    arguments = [each.format(tmp_path / "data") for each in command.split()]
    if command in ("up", "demo"):
        arguments += ["--state-dir", str(tmp_path / "state")]
    done = run(blocked, *arguments)
    assert f"pip install 'ugc-events[{extra}]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.returncode != 0
    assert extra in EXTRAS


def test_another_import_that_fails_is_a_fault_and_no_extra() -> None:
    assert way_out("fastavro", "contracts") is None
    assert way_out(None, "contracts") is None


def test_each_library_of_the_table_is_brought_by_its_extra_alone() -> None:
    base = modules_of(PROJECT["dependencies"])
    for extra in ("api", "etl", "local"):
        own = {name for name, found in EXTRA.items() if found == extra}
        brought = modules_of(EXTRAS[extra]) | {"jinja2", "markupsafe", "werkzeug"}  # by flask
        assert own <= brought
        assert not own & base


def test_each_library_that_the_code_imports_is_brought_by_something() -> None:
    known = modules_of(PROJECT["dependencies"]) | EXTRA.keys() | {"redis", "prometheus_client"}
    # Other names of the same: Python 3.14's own, and what a library brings along on purpose.
    known |= {"compression", "cryptography", "lz4"}
    ours = {"api", "ch_schema", "contracts", "etl", "registry", "ugc"}
    imported = {
        name.split(".")[0]
        for top in ours
        for path in (ROOT / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - known - ours - sys.stdlib_module_names - {"__future__"} == set()
