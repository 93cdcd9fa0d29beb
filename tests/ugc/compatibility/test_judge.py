"""The whole judgement: which versions are held against which, and what a merged file may not do."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.evolution.rules import EXAMPLE
from registry.testing import InMemoryRegistry
from tests.support.contract_folder import change, copy_of_contracts
from tests.support.register import register_all
from ugc.compatibility.findings import EventReport, Report, Target
from ugc.compatibility.judge import judge
from ugc.compatibility.live import with_registry
from ugc.compatibility.render import FORMATS
from ugc.compatibility.rollout import rollout
from ugc.compatibility.snapshot import Snapshot
from ugc.compatibility.sources import from_folder

TODAY = dt.date(2026, 7, 1)
CLICK = "events/element_click"
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "base").mkdir()
    return copy_of_contracts(tmp_path / "base")


@pytest.fixture
def head(tmp_path: Path) -> Path:
    (tmp_path / "head").mkdir()
    return copy_of_contracts(tmp_path / "head")


def judged(base: Path, head: Path) -> Report:
    return judge(from_folder(base), from_folder(head), TODAY)


def new_version(folder: Path, event: str, number: int, edit: Edit) -> None:
    """Version ``number`` as a changed copy of the one before."""
    inside = folder / "events" / event
    path = inside / f"v{number}.json"
    path.write_bytes((inside / f"v{number - 1}.json").read_bytes())
    change(path, edit)


def add(name: str, **keywords: Any) -> Edit:
    schema = {"type": "string", "description": "A field.", **keywords}
    return lambda contract: contract["properties"].update({name: schema})


def bound(name: str, keyword: str, value: int) -> Edit:
    return lambda contract: contract["properties"][name].update({keyword: value})


def only(report: Report) -> EventReport:
    (event,) = report.events
    return event


def test_nothing_changed(base: Path, head: Path) -> None:
    report = judged(base, head)
    assert report == Report(events=())
    assert report.is_ok
    assert rollout(report) == ()


def test_white_space_is_no_edit(base: Path, head: Path) -> None:
    path = head / CLICK / "v1.json"
    path.write_text(json.dumps(json.loads(path.read_text())), encoding="utf-8")
    assert judged(base, head).events == ()


def test_a_new_version_with_an_optional_field(base: Path, head: Path) -> None:
    new_version(head, "element_click", 2, add("referrer"))
    report = judged(base, head)
    event = only(report)
    assert report.is_ok
    assert (event.contract, event.earlier) == ("element_click@2", ("element_click@1",))
    assert [finding.code for finding in event.findings if finding.target is Target.HTTP] == [
        "property.added"
    ]
    assert [statement.split(" COMMENT")[0] for statement in event.statements] == [
        "ALTER TABLE `ugc`.`element_click` ADD COLUMN IF NOT EXISTS `referrer` Nullable(String)",
        "ALTER TABLE `ugc`.`element_click` MODIFY",
    ]
    assert event.forward == ()


@pytest.mark.parametrize(
    "edit",
    [
        bound("page_type", "maxLength", 65),
        lambda contract: contract.update({"description": "Other words."}),
        lambda contract: contract.update(properties=dict(reversed(contract["properties"].items()))),
    ],
)
def test_a_merged_version_is_not_edited_whatever_the_edit(
    base: Path, head: Path, edit: Edit
) -> None:
    change(head / CLICK / "v1.json", edit)
    event = only(judged(base, head))
    assert "version.edited" in {finding.code for finding in event.breaking}


def ending(sunset: str) -> Edit:
    notice = {"since": "2026-01-01", "sunset": sunset, "reason": "Nobody uses it."}
    return lambda contract: contract.update({"x-deprecated": notice})


def test_a_merged_version_may_be_marked_as_deprecated(base: Path, head: Path) -> None:
    change(head / CLICK / "v1.json", ending("2027-01-01"))
    assert judged(base, head).is_ok


@pytest.mark.parametrize(("sunset", "is_ok"), [("2027-06-01", True), ("2026-12-01", False)])
def test_the_end_that_was_announced_comes_no_earlier(
    base: Path, head: Path, sunset: str, is_ok: bool
) -> None:
    change(base / CLICK / "v1.json", ending("2027-01-01"))
    change(head / CLICK / "v1.json", ending(sunset))
    report = judged(base, head)
    assert report.is_ok == is_ok
    if not is_ok:
        assert {f.code for f in only(report).breaking} == {"version.ends-earlier"}


def test_an_edit_is_also_judged_as_a_change(base: Path, head: Path) -> None:
    change(head / CLICK / "v1.json", bound("page_type", "maxLength", 63))
    codes = {finding.code for finding in only(judged(base, head)).breaking}
    assert codes == {"version.edited", "bound.tightened"}


def test_a_version_does_not_go(base: Path, head: Path) -> None:
    new_version(base, "element_click", 2, add("referrer"))
    event = only(judged(base, head))
    assert "version.removed" in {finding.code for finding in event.breaking}
    assert "v2.json is gone" in event.breaking[-1].message


def test_an_event_does_not_go(base: Path, head: Path) -> None:
    (head / CLICK / "v1.json").unlink()
    (head / CLICK).rmdir()
    event = only(judged(base, head))
    assert [finding.code for finding in event.breaking] == ["version.removed"]
    assert not FORMATS["text"](judged(base, head)).endswith("verdict: ok\n")


def test_a_new_version_is_held_against_all_earlier_ones(base: Path, head: Path) -> None:
    for folder in (base, head):
        new_version(folder, "element_click", 2, bound("page_type", "maxLength", 100))
    new_version(head, "element_click", 3, bound("page_type", "maxLength", 99))
    event = only(judged(base, head))
    (finding,) = event.breaking
    assert event.earlier == ("element_click@1", "element_click@2")
    assert finding.against == "element_click@2"
    assert finding.payload is not None
    assert len(finding.payload["page_type"]) == 100


def test_a_retired_version_is_no_longer_held_against_at_http(base: Path, head: Path) -> None:
    mark = {
        "since": "2026-01-01",
        "sunset": "2026-06-01",
        "reason": "Old.",
        "retired": "2026-06-02",
    }
    for folder in (base, head):
        change(folder / CLICK / "v1.json", lambda c: c.update({"x-deprecated": mark}))
        new_version(folder, "element_click", 2, lambda c: c.pop("x-deprecated"))
        change(folder / CLICK / "v2.json", bound("page_type", "maxLength", 32))
    new_version(head, "element_click", 3, add("referrer"))
    assert judge(from_folder(base), from_folder(head), TODAY).is_ok
    assert not judge(from_folder(base), from_folder(head), dt.date(2026, 6, 1)).is_ok


def test_two_new_versions_at_once_are_both_judged(base: Path, head: Path) -> None:
    new_version(head, "element_click", 2, bound("page_type", "maxLength", 32))
    new_version(head, "element_click", 3, bound("page_type", "maxLength", 64))
    (finding,) = only(judged(base, head)).breaking
    assert (finding.code, finding.against) == ("bound.tightened", "element_click@1")


def test_a_new_event_gets_a_table(base: Path, head: Path) -> None:
    (head / "events/sign_up").mkdir()
    (head / "events/sign_up/v1.json").write_text(json.dumps(EXAMPLE), encoding="utf-8")
    report = judged(base, head)
    event = only(report)
    assert report.is_ok
    assert event.findings == ()
    assert event.statements[0].startswith("CREATE TABLE IF NOT EXISTS `ugc`.`sign_up`")
    assert rollout(report)[0].endswith("`ugc init` of the new release registers new schemas")


def test_an_event_that_becomes_a_half_of_a_pair_loses_its_table(base: Path, head: Path) -> None:
    def paired(contract: dict[str, Any]) -> None:
        contract.clear()
        contract.update(copy.deepcopy(EXAMPLE))
        contract["properties"]["seconds"] = {"type": ["number", "null"], "description": "How long."}
        contract["x-origin"] = "etl"
        contract["x-pairing"] = {
            "start": "quality_change",
            "end": "video_complete",
            "keys": ["video_id"],
            "carry": ["video_id"],
            "duration": "seconds",
            "wait_seconds": 60,
            "store_prefix": "qq",
            "when_paired": {},
            "when_unpaired": {"seconds": None},
        }
        contract["properties"]["video_id"] = {"type": "string", "description": "Which."}

    (head / "events/watched").mkdir()
    path = head / "events/watched/v1.json"
    path.write_text("{}", encoding="utf-8")
    change(path, paired)
    report = judged(base, head)
    assert {event.event for event in report.events if event.breaking} == {
        "quality_change",
        "video_complete",
    }


def test_the_request_envelope_is_judged_too(base: Path, head: Path) -> None:
    inside = head / "envelopes/request"
    (inside / "v2.json").write_bytes((inside / "v1.json").read_bytes())
    change(inside / "v2.json", bound("event", "maxLength", 62))
    event = only(judged(base, head))
    assert [finding.code for finding in event.breaking] == ["bound.tightened"]


def test_a_new_required_field_of_the_message_breaks_every_event(base: Path, head: Path) -> None:
    inside = head / "envelopes/message"
    (inside / "v2.json").write_bytes((inside / "v1.json").read_bytes())
    change(inside / "v2.json", add("session"))
    change(inside / "v2.json", lambda envelope: envelope["required"].append("session"))
    report = judged(base, head)
    assert {event.event for event in report.events if event.breaking} == {
        path.name for path in (head / "events").iterdir()
    }
    assert {finding.code for event in report.events for finding in event.breaking} == {
        "avro.reader-field-missing-default-value"
    }


def snapshots(base: Path, head: Path) -> tuple[Snapshot, Snapshot]:
    return from_folder(base), from_folder(head)


def test_a_live_registry_takes_a_new_version(base: Path, head: Path) -> None:
    new_version(head, "element_click", 2, add("referrer"))
    before, after = snapshots(base, head)
    registry = InMemoryRegistry()
    register_all(registry, before.catalog)
    report = with_registry(judge(before, after, TODAY), before, after, registry)
    assert report.is_ok
    assert "registry.takes" in {finding.code for finding in only(report).findings}


def test_a_live_registry_may_have_what_git_has_not(base: Path, head: Path) -> None:
    new_version(head, "element_click", 2, add("referrer"))
    before, after = snapshots(base, head)
    registry = InMemoryRegistry()
    register_all(registry, before.catalog)
    new_version(base, "element_click", 2, add("referrer", type="integer"))
    register_all(registry, from_folder(base).catalog)
    report = with_registry(judge(before, after, TODAY), before, after, registry)
    assert [finding.code for finding in only(report).breaking] == ["registry.refuses"]


def test_a_registry_that_lacks_a_merged_version(base: Path, head: Path) -> None:
    new_version(head, "element_click", 2, add("referrer"))
    before, after = snapshots(base, head)
    report = with_registry(judge(before, after, TODAY), before, after, InMemoryRegistry())
    assert [finding.code for finding in only(report).breaking] == ["registry.lacks"]


@pytest.fixture
def report(base: Path, head: Path) -> Report:
    new_version(head, "element_click", 2, bound("page_type", "maxLength", 3))
    new_version(head, "quality_change", 2, lambda contract: contract["required"].pop())
    return judged(base, head)


def test_as_text(report: Report) -> None:
    text = FORMATS["text"](report)
    assert "BREAKING http bound.tightened /properties/page_type/maxLength" in text
    assert 'refused, but element_click@1 takes it: {"element_type"' in text
    assert "way out: keep the bound" in text
    assert "info     forward quality_change@1" in text
    assert text.endswith("verdict: breaking: 1 finding\n")


def test_as_json(report: Report) -> None:
    document = json.loads(FORMATS["json"](report))
    assert document["ok"] is False
    assert [event["contract"] for event in document["events"]] == [
        "element_click@2",
        "quality_change@2",
    ]
    finding = document["events"][0]["findings"][0]
    assert finding["pointer"] == "/properties/page_type/maxLength"
    assert finding["payload"]["page_type"] == "movie"
    assert document["events"][1]["statements"][0].startswith("ALTER TABLE")


def test_as_markdown(report: Report) -> None:
    text = FORMATS["markdown"](report)
    assert text.startswith("## ❌ Contracts: breaking: 1 finding\n")
    assert "- **`bound.tightened`** (http) at `/properties/page_type/maxLength`" in text
    assert "```sql\nALTER TABLE" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.replace("\\|", "").count("|") == 5 for line in rows)


def test_as_github_annotations(report: Report) -> None:
    lines = FORMATS["github"](report).splitlines()
    assert lines[0].startswith("::error title=element_click@2 bound.tightened::http /properties")
    assert all(line.startswith(("::error ", "::notice ", "contracts: ")) for line in lines)


def test_a_long_payload_is_cut_for_people_and_whole_in_json(base: Path, head: Path) -> None:
    for folder in (base, head):
        new_version(folder, "element_click", 2, bound("page_type", "maxLength", 5000))
    new_version(head, "element_click", 3, bound("page_type", "maxLength", 4000))
    found = judged(base, head)
    assert max(map(len, FORMATS["text"](found).splitlines())) < 800
    assert "x" * 4001 in FORMATS["json"](found)


def test_the_roll_out_comes_with_a_verdict_that_is_ok(base: Path, head: Path) -> None:
    new_version(head, "element_click", 2, add("referrer"))
    found = judged(base, head)
    registry, loader, api, clients = rollout(found)
    assert "`ugc init`" in registry
    assert "2 ALTER statements with `ugc schema apply`" in registry
    assert "`ugc etl`" in loader
    assert "`ugc api`" in api
    assert "front ends" in clients
    for fmt in ("text", "markdown"):
        assert f"1. {registry}\n2. {loader}\n3. {api}\n4. {clients}\n" in FORMATS[fmt](found)
