"""``ugc new``: what a project consists of, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml

from contracts.model.loader import copy_contracts, load_catalog
from ugc.cli import ugc as group
from ugc.importing.command import events_of

PLAN = {
    "name": "Shop",
    "rules": {
        "events": [
            {
                "name": "Order Completed",
                "description": "An order was paid.",
                "rules": {
                    "type": "object",
                    "properties": {
                        "properties": {
                            "type": "object",
                            "required": ["order_id"],
                            "properties": {"order_id": {"type": "string"}},
                        }
                    },
                },
            }
        ]
    },
}
CINEMA = re.compile(r"film|movie|video|trailer|cinema|genre|element_click|page_view", re.IGNORECASE)


def ugc(folder: Path, *arguments: str | Path, code: int = 0) -> str:
    """What the command prints when it is run in a folder, outside of any other project."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ugc", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("here")
    ugc(folder, "new", "shop")
    return folder / "shop"


def texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_its_contracts_pass_lint_and_its_lock_is_right(shop: Path) -> None:
    assert ugc(shop, "contracts", "lint") == "0 errors, 0 warnings\n"
    ugc(shop / "contracts", "registry", "lock", "--check")


def test_its_names_are_those_of_the_project_from_any_folder_in_it(shop: Path) -> None:
    shown = ugc(shop / ".github" / "workflows", "contracts", "show", "button_click")
    assert "shop.events.button_click" in shown
    assert "shop.button_click" in shown
    assert "CREATE DATABASE IF NOT EXISTS `shop_unique`" in ugc(shop, "schema", "ddl")
    assert "shop.events-shop.events.button_click" not in ugc(shop, "asyncapi")
    assert '"shop.events.button_click"' in ugc(shop, "asyncapi")
    assert "`shop_reports.daily_active_users`" in ugc(shop, "schema", "dictionary")


def test_it_says_no_word_of_the_cinema_whose_contracts_come_with_the_package(shop: Path) -> None:
    left = {name for name, text in texts(shop).items() if CINEMA.search(text)}
    assert left == set()


def test_an_event_is_added_by_the_owner_that_the_project_names(shop: Path) -> None:
    ugc(shop, "contracts", "new", "order_placed", "--field", "order_id:string")
    contract = json.loads((shop / "contracts/events/order_placed/v1.json").read_text())
    assert contract["x-owner"] == "shop"
    assert "order_placed@1 is not in the lock file" in ugc_fails(
        shop, "registry", "lock", "--check"
    )
    ugc(shop, "registry", "lock")
    assert ugc(shop, "contracts", "lint") == "0 errors, 0 warnings\n"


def test_the_verdict_on_a_new_event_makes_its_table_in_the_projects_database(
    tmp_path: Path,
) -> None:
    ugc(tmp_path, "new", "shop")
    copy_contracts(tmp_path / "shop" / "contracts", tmp_path / "merged")
    ugc(tmp_path / "shop", "contracts", "new", "order_placed", "--field", "order_id:string")
    verdict = ugc(tmp_path / "shop", "contracts", "check", "--against", "../merged")
    assert "CREATE TABLE IF NOT EXISTS `shop`.`order_placed`" in verdict


def ugc_fails(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ugc", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1
    return done.stdout


def test_the_environment_goes_before_the_project_file(shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ugc", "contracts", "show", "button_click"],
        cwd=shop,
        env={**os.environ, "CLICKHOUSE_DATABASE": "events"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "events.button_click" in done.stdout


def test_an_option_names_the_project_from_elsewhere(shop: Path, tmp_path: Path) -> None:
    for named in (shop, shop / "ugc.toml"):
        assert "shop.button_click" in ugc(
            tmp_path, "--project", named, "contracts", "show", "button_click"
        )


def test_editors_are_given_schemas_under_ids_that_stay(shop: Path, tmp_path: Path) -> None:
    shop = shutil.copytree(shop, tmp_path / "shop")
    ugc(shop, "contracts", "new", "--context")
    ugc(shop, "contracts", "new", "--shared", "address", "--field", "city:string")
    settings = json.loads((shop / ".vscode" / "settings.json").read_text())
    written = {
        "dialect": ["contracts/events/button_click/v1.json"],
        "shared": ["contracts/context/v1.json", "contracts/shared/address/v1.json"],
        "applications": [],
    }
    assert len(settings["json.schemas"]) == len(written)
    for association in settings["json.schemas"]:
        name = Path(association["url"]).stem
        schema = json.loads((shop / association["url"]).read_text())
        assert schema["$id"] == f"urn:ugc-events:{name}:1"
        assert json.loads(ugc(shop, "contracts", "dialect", name)) == schema
        judge = jsonschema.Draft202012Validator(schema)
        for file in written[name]:
            document = json.loads((shop / file).read_text())
            assert judge.is_valid(document)
            assert not judge.is_valid({**document, "x-owne": "web"})
            patterns = [each.replace("*", "[^/]*") for each in association["fileMatch"]]
            assert any(re.fullmatch(each, f"/{file}") for each in patterns)


def parsed(arguments: Sequence[str]) -> click.Command:
    """The command that ``ugc ARGUMENTS`` would run; its options have to be there."""
    found: click.Command = group
    rest = list(arguments)
    context = click.Context(group)
    while isinstance(found, click.Group):
        inner = found.get_command(context, rest.pop(0))
        assert inner is not None, arguments
        found = inner
    found.make_context(found.name, rest)
    return found


def ugc_lines(text: str) -> list[list[str]]:
    found = re.findall(r"^\s*ugc ([^|>\n]+)", text, re.MULTILINE)
    return [each.split() for each in found]


def test_every_command_of_its_workflow_hooks_and_compose_file_is_one(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    workflow: Any = yaml.safe_load((shop / ".github/workflows/contracts.yml").read_text())
    runs = [step.get("run", "") for step in workflow["jobs"]["check"]["steps"]]
    hooks = yaml.safe_load((shop / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    compose = yaml.safe_load((shop / "compose.yaml").read_text())
    ours = [each for each in compose["services"].values() if each["image"] == "shop-ugc"]
    lines = [
        *ugc_lines("\n".join(runs)),
        *(hook["entry"].split()[1:] for hook in hooks),
        *(each["command"] for each in ours),
        *(each["healthcheck"]["test"][2:] for each in ours if "healthcheck" in each),
    ]
    assert len(lines) == 3 + 2 + 4 + 2
    for arguments in lines:
        assert parsed(arguments).callback is not None


def test_secrets_are_its_owners_alone_and_no_two_projects_have_the_same(
    shop: Path, tmp_path: Path
) -> None:
    ugc(tmp_path, "new", "other")
    assert (shop / ".env").stat().st_mode & 0o077 == 0
    assert ".env" in (shop / ".gitignore").read_text().split()
    assert (shop / ".env").read_text() != (tmp_path / "other" / ".env").read_text()
    for name, text in texts(shop).items():
        for line in (shop / ".env").read_text().splitlines():
            secret = line.partition("=")[2]
            assert name == ".env" or not secret or secret not in text


def test_the_requirement_is_the_version_that_made_it(shop: Path) -> None:
    text = (shop / "requirements.txt").read_text()
    assert re.search(r"^ugc-events\[local\](==| @ git\+)", text, re.MULTILINE)
    assert "file:" not in text


def test_a_plans_events_take_the_place_of_the_example(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(PLAN))
    said = ugc(tmp_path, "new", "shop", "--from-plan", plan, "--owner", "growth")
    assert "order_id: typed" in said
    shop = tmp_path / "shop"
    (contract,) = load_catalog(shop / "contracts")
    assert (contract.event, contract.owner) == ("order_completed", "growth")
    assert [event.event for event in events_of(plan, owner="growth")] == ["order_completed"]
    assert ugc(shop, "contracts", "lint") == "0 errors, 0 warnings\n"
    ugc(shop, "registry", "lock", "--check")
    assert '"event": "order_completed"' in (shop / "README.md").read_text()


def test_nothing_is_left_of_a_plan_of_which_no_event_can_be_taken(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{")
    said = ugc(tmp_path, "new", "shop", "--from-plan", "plan.json", code=1)
    assert "no event of plan.json can be taken; nothing was made" in said
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "notes.txt").write_text("mine")
    assert "not empty (notes.txt is in it)" in ugc(tmp_path, "new", "shop", code=1)
    assert texts(tmp_path / "shop") == {"notes.txt": "mine"}
    assert "is a file" in ugc(tmp_path, "new", "shop/notes.txt", code=2)


def test_a_project_is_not_made_twice(shop: Path) -> None:
    assert "`ugc contracts new` adds an event" in ugc(shop.parent, "new", "shop", code=1)


def test_an_empty_repository_becomes_a_project(tmp_path: Path) -> None:
    (tmp_path / "web-shop" / ".git").mkdir(parents=True)
    said = ugc(tmp_path / "web-shop", "new", ".")
    assert "made web_shop in" in said
    assert "git init" not in said
    assert "cd " not in said


@pytest.mark.parametrize(("arguments", "told"), [
    (("123",), "write --name, a name like shop"),
    (("shop", "--name", "The Shop"), "--name must be a name like shop"),
    (("shop", "--owner", "The Team"), "--owner must be a team's name"),
])  # fmt: skip
def test_a_name_that_cannot_be_is_a_wrong_command_line(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    assert told in ugc(tmp_path, "new", *arguments, code=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("up",), ("contracts", "lint"), ("init",)])
def test_a_wrong_folder_of_contracts_is_told_at_once(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "ugc.toml").write_text('name = "shop"\ncontracts = "nowhere"\n')
    said = ugc(tmp_path, *command, code=78)
    assert str(tmp_path / "nowhere") in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / ".ugc").exists()


def test_a_wrong_contract_is_told_before_anything_is_started(tmp_path: Path) -> None:
    ugc(tmp_path, "new", "shop")
    path = tmp_path / "shop" / "contracts" / "events" / "button_click" / "v1.json"
    path.write_text(path.read_text().replace('"title"', '"titel"'))
    said = ugc(tmp_path / "shop", "up", code=1)
    assert "button_click/v1.json" in said
    assert "titel" in said
    assert not (tmp_path / "shop" / ".ugc").exists()
