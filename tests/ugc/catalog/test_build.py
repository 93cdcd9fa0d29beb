"""``ugc catalog build``: what it writes, takes away and refuses; and days as git knows them."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.commands import exit_code
from tests.support.contract_folder import copy_of_contracts
from tests.support.everything import everything
from ugc.catalog.command import command
from ugc.catalog.dates import dates_of
from ugc.catalog.writing import LISTING
from ugc.exits import COMMAND_LINE

AT = "2026-01-31T12:00:00+00:00"


def build(contracts: Path, out: Path, *options: str) -> Result:
    arguments = ["build", "--contracts", str(contracts), "--out", str(out), *options]
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def files_in(folder: Path) -> Mapping[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def git(folder: Path, *arguments: str, at: str = AT) -> None:
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(
        ["git", "-C", str(folder), *who, *arguments],
        check=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "GIT_COMMITTER_DATE": at, "GIT_AUTHOR_DATE": at},
    )


def test_two_builds_are_the_same_and_tell_where_they_are(tmp_path: Path) -> None:
    contracts = everything(tmp_path)
    done = build(contracts, tmp_path / "one")
    assert done.exit_code == 0
    assert done.output.startswith(f"{tmp_path}/one/index.html: ")
    build(contracts, tmp_path / "other")
    assert files_in(tmp_path / "one") == files_in(tmp_path / "other")


def test_what_is_gone_from_the_contracts_is_gone_from_an_earlier_site(tmp_path: Path) -> None:
    contracts, out = everything(tmp_path), tmp_path / "site"
    build(contracts, out)
    (out / "mine.txt").write_text("kept", encoding="utf-8")
    (contracts / "events/order_placed/v3.json").unlink()
    build(contracts, out)
    found = files_in(out)
    assert "events/order_placed/changes/2-3/index.html" not in found
    assert not (out / "events/order_placed/changes/2-3").exists()
    assert "events/order_placed/changes/1-2/index.html" in found
    assert found["mine.txt"] == b"kept"
    assert "mine.txt" not in found[LISTING].decode()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    contracts, out = copy_of_contracts(tmp_path), tmp_path / "site"
    out.mkdir()
    (out / "thesis.txt").write_text("mine", encoding="utf-8")
    arguments = ("catalog", "build", "--contracts", str(contracts), "--out", str(out))
    assert exit_code(*arguments) == COMMAND_LINE
    assert files_in(out) == {"thesis.txt": b"mine"}


def test_a_listing_that_was_tampered_with_takes_nothing_away_elsewhere(tmp_path: Path) -> None:
    contracts, out = copy_of_contracts(tmp_path), tmp_path / "site"
    build(contracts, out)
    victim = tmp_path / "victim.txt"
    victim.write_text("mine", encoding="utf-8")
    with (out / LISTING).open("a", encoding="utf-8") as listing:
        listing.write(f"../victim.txt\n{victim}\n")
    build(contracts, out)
    assert victim.read_text(encoding="utf-8") == "mine"


def test_the_address_of_the_api_and_of_the_site_are_where_they_are_needed(tmp_path: Path) -> None:
    contracts = copy_of_contracts(tmp_path)
    git(contracts, "init", "-q")
    git(contracts, "add", "-A")
    git(contracts, "commit", "-qm", "contracts")
    out = tmp_path / "site"
    build(contracts, out, "--api", "https://api.example.org/", "--url", "https://x.example.org/e")
    page = (out / "events/element_click/index.html").read_text(encoding="utf-8")
    assert "curl -sS https://api.example.org/api/v1/events" in page
    feed = (out / "feed.xml").read_text(encoding="utf-8")
    assert "https://x.example.org/e/events/element_click/index.html" in feed
    assert "2026-01-31T12:00:00Z" in feed


def test_a_version_is_as_old_as_the_first_commit_that_has_its_file(tmp_path: Path) -> None:
    contracts = everything(tmp_path)
    second = contracts / "events/order_placed/v2.json"
    text = second.read_text(encoding="utf-8")
    second.unlink()
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    second.write_text(text, encoding="utf-8")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "second", at="2026-02-01T12:00:00+02:00")
    second.write_text(f"{text}\n", encoding="utf-8")
    git(tmp_path, "commit", "-qam", "third", at="2026-03-01T12:00:00+00:00")
    found = dates_of(contracts)
    assert found["order_placed", 1] == dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    assert found["order_placed", 2] == dt.datetime(2026, 2, 1, 10, tzinfo=dt.UTC)
    (contracts / "events/order_placed/v4.json").write_text(text, encoding="utf-8")
    assert ("order_placed", 4) not in dates_of(contracts)


@pytest.mark.parametrize("where", ["no repository", "a shallow clone"])
def test_where_git_does_not_know_there_is_no_day(tmp_path: Path, where: str) -> None:
    contracts = copy_of_contracts(tmp_path / "one")
    if where == "a shallow clone":
        git(contracts, "init", "-q")
        git(contracts, "add", "-A")
        git(contracts, "commit", "-qm", "first")
        git(contracts, "commit", "-qm", "second", "--allow-empty")
        git(tmp_path, "clone", "-q", "--depth=1", f"file://{contracts}", str(tmp_path / "two"))
        contracts = tmp_path / "two"
    assert dates_of(contracts) == {}
