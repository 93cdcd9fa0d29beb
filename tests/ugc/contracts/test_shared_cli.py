"""Shared definitions at the command line: new, show, lock, lint, owners, diff."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.naming import Naming
from tests.support.contract_folder import change
from tests.support.order import ADDRESS, COUNTRY, ORDER, contracts_with_an_order
from ugc.contracts.command import command
from ugc.contracts.errors import ScaffoldError, ScaffoldTextError
from ugc.registry.actions import LockDiffersError, check_lock, write_lock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return contracts_with_an_order(tmp_path)


def run(folder: Path, *arguments: str) -> Result:
    env = {"CONTRACTS_DIR": str(folder), "COLUMNS": "200"}
    return CliRunner().invoke(command, arguments, env=env, catch_exceptions=False)


def test_a_new_definition_passes_lint_and_says_how_to_refer_to_it(folder: Path) -> None:
    made = run(folder, "new", "--shared", "price", "--owner", "shop", "--field", "amount:number")
    assert made.exit_code == 0
    assert '{"$ref": "../../shared/price/v1.json"}' in made.output
    reference = {"price": {"$ref": "../../shared/price/v1.json"}}
    change(folder / ORDER, lambda d: d["properties"].update(reference))
    assert run(folder, "lint").output == "0 errors, 0 warnings\n"


def test_the_next_version_is_a_copy(folder: Path) -> None:
    assert run(folder, "new", "--shared", "address", "--next-version").exit_code == 0
    written = json.loads((folder / "shared/address/v2.json").read_text())
    assert written == json.loads((folder / ADDRESS).read_text())


def test_the_next_version_of_an_event_keeps_its_references(folder: Path) -> None:
    assert run(folder, "new", "order_placed", "--next-version").exit_code == 0
    written = json.loads((folder / "events/order_placed/v2.json").read_text())
    assert written == json.loads((folder / ORDER).read_text())
    assert run(folder, "lint").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Price", "--owner", "shop"], "write snake_case"),
        (["price"], "write --owner TEAM"),
        (["price", "--next-version"], "there is address, country"),
        (["price", "--owner", "shop", "--no-fields"], "without fields"),
        (["price", "--owner", "shop", "--field", "a:string", "--field", "a:string"], "one name"),
    ],
)
def test_what_no_definition_can_be_made_of_is_told(
    folder: Path, arguments: list[str], told: str
) -> None:
    with pytest.raises(ScaffoldTextError, match=told):
        run(folder, "new", "--shared", *arguments)


def test_a_definition_is_not_written_over(folder: Path) -> None:
    with pytest.raises(ScaffoldError, match="--next-version"):
        run(folder, "new", "--shared", "address", "--owner", "shop")


def test_show_resolves_references_and_names_them(folder: Path) -> None:
    shown = run(folder, "show", "order_placed").output
    assert "shared/address/v1.json, shared/country/v1.json" in shown
    assert "ship_to.country" in shown
    assert "ship_to__street" in shown
    assert "A country, by ISO 3166-1 alpha-2." in shown


def test_diff_follows_references_of_a_draft(folder: Path, tmp_path: Path) -> None:
    draft = tmp_path / "draft.json"
    draft.write_bytes((folder / ORDER).read_bytes())
    change(draft, lambda d: d["properties"].pop("origin"))
    assert "/properties/origin: removed" in run(folder, "diff", "order_placed", str(draft)).output


def test_owners_of_definitions_are_asked_too(folder: Path) -> None:
    assert "/contracts/shared/address/ @shop" in run(folder, "owners").output


def test_the_lock_holds_definitions_and_lint_keeps_them(folder: Path) -> None:
    said: list[str] = []
    with pytest.raises(LockDiffersError):
        check_lock(folder, Naming(), said.append)
    assert "the shared definition address@1 is not in the lock file" in said
    write_lock(folder, Naming(), said.append)
    check_lock(folder, Naming(), said.append)
    assert run(folder, "lint").exit_code == 0
    change(folder / COUNTRY, lambda d: d.update(description="Another text."))
    done = run(folder, "lint")
    assert done.exit_code == 1
    assert "error shared-edited" in done.output
    with pytest.raises(LockDiffersError):
        check_lock(folder, Naming(), said.append)
    assert (
        said[-1] == "the shared definition country@1 says something else than the lock file holds"
    )
