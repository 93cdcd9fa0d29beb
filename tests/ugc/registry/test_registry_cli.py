"""``ugc registry`` and ``ugc asyncapi``, as they are called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.errors import ContractError
from contracts.model.loader import load_catalog
from registry.avro import avro_schema
from registry.client import ConfluentRegistry
from registry.errors import LockError, RegistryUnavailableError
from registry.lock import LOCK_FILE
from registry.options import RegistryOptions
from tests.support.contract_folder import CLICK, change, copy_of_contracts
from tests.support.processes import free_port
from tests.support.registry_server import registry_server
from ugc.cli import ugc
from ugc.errors import MisconfiguredError
from ugc.registry.actions import DriftError, LockDiffersError


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry_server(tmp_path_factory.mktemp("registry")) as server:
        yield server.url


def run(folder: Path, *arguments: str, **env: str) -> str:
    """Runs a command away from any local stack; gives what it printed. Errors come out."""
    cleared = dict.fromkeys(("SCHEMA_REGISTRY_URL", "KAFKA_TOPIC", "CONTRACTS_DIR"))
    words = list(arguments)
    if arguments[0] == "asyncapi" or arguments[1] == "sync":
        words.append(f"--state-dir={folder / 'no-stack'}")
    done = CliRunner().invoke(ugc, words, env={**cleared, **env}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_sync_says_then_does_then_has_nothing_to_do(url: str, tmp_path: Path) -> None:
    count = len(list(load_catalog()))
    sync = ("registry", "sync", "--strategy", "topic-record")
    env = {"SCHEMA_REGISTRY_URL": url, "KAFKA_TOPIC": "t"}
    said = run(tmp_path, *sync, "--dry-run", **env)
    assert said.count("would register ") == count
    with closing(ConfluentRegistry(url, RegistryOptions())) as registry:
        assert registry.subjects() == (), "a dry run does nothing"
        said = run(tmp_path, *sync, **env)
        assert "\nregister page_view@1 under t-ugc.events.page_view\n" in said
        assert len(registry.subjects()) == count
        said = run(tmp_path, *sync, **env)
        assert said == f"the registry has all {count} contract versions; nothing to do\n"

        registry.register("t-ugc.events.ghost", '"int"')
        for arguments in ((*sync, "--dry-run"), sync):
            with pytest.raises(DriftError, match="1 thing that no contract explains"):
                run(tmp_path, *arguments, **env)


def test_drift_is_told_and_ends_with_code_1(url: str, tmp_path: Path) -> None:
    with closing(ConfluentRegistry(url, RegistryOptions())) as registry:
        registry.register("drift-ugc.events.ghost", '"int"')
    done = subprocess.run(
        [sys.executable, "-m", "ugc", "registry", "sync", "--strategy=topic-record", "--dry-run"],
        cwd=tmp_path,
        env={**os.environ, "SCHEMA_REGISTRY_URL": url, "KAFKA_TOPIC": "drift"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert "drift: drift-ugc.events.ghost: no contract explains it, with 1 ver" in done.stdout
    which, told = done.stderr.splitlines()
    assert which.startswith("contracts: /")
    assert told == "ugc: the registry has 1 thing that no contract explains"


def test_sync_needs_a_registry(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="SCHEMA_REGISTRY_URL is not set"):
        run(tmp_path, "registry", "sync")
    with pytest.raises(RegistryUnavailableError, match="does not answer"):
        run(tmp_path, "registry", "sync", SCHEMA_REGISTRY_URL=f"http://127.0.0.1:{free_port()}")


def test_lock_writes_and_checks(tmp_path: Path) -> None:
    folder = copy_of_contracts(tmp_path)
    (folder / LOCK_FILE).unlink(missing_ok=True)
    lock = ("registry", "lock", "--contracts", str(folder))
    with pytest.raises(LockDiffersError, match="`ugc registry lock` writes it anew"):
        run(tmp_path, *lock, "--check")
    assert not (folder / LOCK_FILE).exists()
    assert "contract versions" in run(tmp_path, *lock)
    assert "is right" in run(tmp_path, *lock, "--check")
    assert "is right already" in run(tmp_path, *lock)
    change(folder / CLICK, lambda document: document.update(description="Another."))
    with pytest.raises(LockDiffersError):
        run(tmp_path, *lock, "--check")
    (folder / LOCK_FILE).write_text("{")
    with pytest.raises(LockError, match="is no lock file"):
        run(tmp_path, *lock, "--check")
    run(tmp_path, *lock)
    run(tmp_path, *lock, "--check")


@pytest.mark.parametrize("name", ["element_click", "element_click@1"])
def test_avro_prints_the_schema(tmp_path: Path, name: str) -> None:
    catalog = load_catalog()
    schema = avro_schema(catalog, catalog.get("element_click", 1))
    assert json.loads(run(tmp_path, "registry", "avro", name)) == schema


def test_avro_of_what_is_not_there(tmp_path: Path) -> None:
    for name in ("nothing_like_it", "element_click@99"):
        with pytest.raises(ContractError):
            run(tmp_path, "registry", "avro", name)


def test_asyncapi_prints_the_document(tmp_path: Path) -> None:
    committed = Path(__file__).parents[3] / "docs" / "asyncapi.json"
    assert run(tmp_path, "asyncapi") == committed.read_text(encoding="utf-8")
    assert json.loads(run(tmp_path, "asyncapi", "--topic", "t"))["channels"]["events"] == {
        **json.loads(committed.read_text())["channels"]["events"],
        "address": "t",
        "bindings": {"kafka": {"topic": "t", "bindingVersion": "0.5.0"}},
    }
