"""The check follows a reference to a shared definition, and says which events a change reaches."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.contract_folder import change
from tests.support.order import ADDRESS, COUNTRY, ORDER, contracts_with_an_order
from ugc.compatibility.findings import Report, Target
from ugc.compatibility.judge import judge
from ugc.compatibility.render import FORMATS
from ugc.compatibility.rollout import rollout
from ugc.compatibility.sources import from_folder, from_reference

TODAY = dt.date(2026, 7, 1)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return contracts_with_an_order(tmp_path / "base")


@pytest.fixture
def head(tmp_path: Path) -> Path:
    return contracts_with_an_order(tmp_path / "head")


def judged(base: Path, head: Path) -> Report:
    return judge(from_folder(base), from_folder(head), TODAY)


def codes(report: Report, event: str) -> list[tuple[str, bool]]:
    (found,) = (each for each in report.events if each.event == event)
    return [(finding.code, finding.breaking) for finding in found.findings]


def next_version(folder: Path, path: str) -> Path:
    return Path(shutil.copy(folder / path, folder / path.replace("v1", "v2")))


def test_the_same_definitions_are_no_change(base: Path, head: Path) -> None:
    assert judged(base, head).events == ()


def test_a_merged_definition_that_is_edited_is_breaking_and_names_whom_it_reaches(
    base: Path, head: Path
) -> None:
    change(head / COUNTRY, lambda d: d.update(description="Another text."))
    report = judged(base, head)
    (shared,) = (each for each in report.events if each.event == "shared country")
    assert [(f.code, f.target) for f in shared.breaking] == [("version.edited", Target.FILES)]
    assert "shared/country/v1.json says something else" in shared.breaking[0].message
    assert "it reaches order_placed@1" in shared.breaking[0].message


def test_what_an_edited_definition_does_to_an_event_is_told_at_the_event(
    base: Path, head: Path
) -> None:
    change(head / COUNTRY, lambda d: d.update(pattern="^[A-M]{2}$"))
    report = judged(base, head)
    (order,) = (each for each in report.events if each.event == "order_placed")
    assert [f.pointer for f in order.breaking] == [
        "/properties/origin/pattern",
        "/properties/ship_to/properties/country/pattern",
    ]  # The address is one definition before and after, so its change is told once.


def test_a_merged_definition_does_not_go(base: Path, head: Path) -> None:
    shutil.copytree(base / "shared/country", base / "shared/land")
    report = judged(base, head)
    assert codes(report, "shared land") == [("version.removed", True)]
    assert "it reaches no event" in report.events[0].breaking[0].message


def test_a_new_version_reaches_no_event_until_one_refers_to_it(base: Path, head: Path) -> None:
    change(next_version(head, ADDRESS), lambda d: d["properties"]["city"].update(maxLength=9))
    report = judged(base, head)
    assert report.is_ok
    assert [each.event for each in report.events] == ["shared address"]
    assert "reaches no event until" in report.events[0].findings[0].message
    assert rollout(report) == ()


def test_an_event_that_takes_a_new_version_up_is_held_against_the_old_one(
    base: Path, head: Path
) -> None:
    change(next_version(head, ADDRESS), lambda d: d["properties"]["city"].update(maxLength=9))

    def take_up(document: dict[str, dict[str, object]]) -> None:
        document["properties"]["ship_to"] = {"$ref": "../../shared/address/v2.json"}

    change(next_version(head, ORDER), take_up)
    report = judged(base, head)
    (shared,) = (each for each in report.events if each.event == "shared address")
    assert "is new and reaches order_placed@2" in shared.findings[0].message
    (order,) = (each for each in report.events if each.event == "order_placed")
    assert [(f.code, f.pointer) for f in order.breaking] == [
        ("bound.tightened", "/properties/ship_to/properties/city/maxLength")
    ]
    assert order.breaking[0].payload is not None


def test_every_format_tells_it(base: Path, head: Path) -> None:
    change(head / COUNTRY, lambda d: d.update(description="Another text."))
    for render in FORMATS.values():
        assert "it reaches order_placed@1" in render(judged(base, head))


def test_definitions_are_read_from_a_commit_too(tmp_path: Path) -> None:
    folder = contracts_with_an_order(tmp_path)

    def git(*arguments: str) -> None:
        name = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
        command = ["git", "-C", str(tmp_path), *name, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "contracts")
    change(folder / COUNTRY, lambda d: d.update(description="Another text."))
    report = judge(from_reference("main", folder), from_folder(folder), TODAY)
    assert ("version.edited", True) in codes(report, "shared country")
