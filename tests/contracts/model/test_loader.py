"""What the loader refuses, and that it says why."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import (
    ContractLoadError,
    ContractSchemaError,
    ContractTooLargeError,
    UnknownEventError,
    UnknownVersionError,
)
from contracts.model.loader import Catalog, default_folder, load_catalog
from tests.contracts.lint.test_lint import doubling

CLICK = "events/element_click/v1.json"
VIEW = "events/page_view/v1.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_folder(), tmp_path / "contracts"))


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


def test_unknown_event_and_version_are_named() -> None:
    catalog = load_catalog()
    with pytest.raises(UnknownEventError, match="'nope'"):
        catalog.get("nope")
    with pytest.raises(UnknownVersionError, match=r"no version 9; it has 1"):
        catalog.get("element_click", 9)


def test_a_contract_that_doubles_with_each_line_is_refused_before_it_is_walked(
    folder: Path,
) -> None:
    def edit(document: dict[str, Any]) -> None:
        document["$defs"] = doubling(60)
        document["properties"]["element_type"] = {"$ref": "#/$defs/d0"}

    change(folder / CLICK, edit)
    with pytest.raises(ContractTooLargeError, match=r"element_click.v1\.json: .* 10,000 values"):
        load_catalog(folder)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100 + "{}" + "}" * 100])
def test_a_file_that_is_nested_too_deeply_is_named(folder: Path, text: str) -> None:
    (folder / CLICK).write_text(text)
    with pytest.raises(ContractLoadError, match=r"element_click.v1\.json is not JSON: .* 100"):
        load_catalog(folder)


def test_newest_version_is_the_default(folder: Path) -> None:
    shutil.copy(folder / CLICK, folder / "events/element_click/v2.json")
    catalog = load_catalog(folder)
    assert catalog.get("element_click").version == 2
    assert catalog.get("element_click", 1).version == 1
    assert [c.id for c in catalog if c.event == "element_click"] == [
        "element_click@1",
        "element_click@2",
    ]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda d: d.update({"x-ownr": "ugc"}), "/x-ownr is not a known property"),
        (lambda d: d.pop("x-owner"), "/x-owner is required"),
        (lambda d: d.update({"additionalProperties": True}), "/additionalProperties must be false"),
        (lambda d: d.update({"required": ["nope"]}), "required names 'nope'"),
        (lambda d: d["x-table"].update({"key": ["nope"]}), "x-table.key names 'nope'"),
        (
            lambda d: d["properties"]["page_type"].update({"maxLenght": 3}),
            "/properties/page_type/maxLenght is not a known property",
        ),
        (
            lambda d: d["properties"].update({"Page-Type": {"type": "string"}}),
            "Page-Type",
        ),
        (
            lambda d: d["properties"]["page_type"].update({"pattern": "("}),
            "/properties/page_type/pattern must be regex",
        ),
    ],
)
def test_a_contract_that_breaks_the_dialect_is_refused(
    folder: Path, edit: Callable[[dict[str, Any]], object], told: str
) -> None:
    change(folder / CLICK, edit)
    with pytest.raises(ContractSchemaError) as caught:
        load_catalog(folder)
    assert told in str(caught.value)
    assert "element_click/v1.json" in str(caught.value)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda p: p.update({"start": "no_such_event"}), "unknown event 'no_such_event'"),
        (lambda p: p.update({"keys": ["page_type", "page_view"]}), "does not require page_view"),
        (lambda p: p.update({"carry": ["nope"]}), "x-pairing.carry names 'nope'"),
        (lambda p: p.update({"duration": "nope"}), "x-pairing.duration names 'nope'"),
    ],
)
def test_a_pairing_names_only_what_exists(
    folder: Path, edit: Callable[[dict[str, Any]], object], told: str
) -> None:
    change(folder / VIEW, lambda d: edit(d["x-pairing"]))
    with pytest.raises(ContractSchemaError) as caught:
        load_catalog(folder)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("events/element_click/v3.json", "{}", "without a gap"),
        ("events/element_click/notes.txt", "", "is not named v<N>.json"),
        ("events/Element/v1.json", "{}", "not a folder named like an event"),
        ("events/stray.json", "{}", "not a folder named like an event"),
        (CLICK, "{", "is not JSON"),
        (CLICK, "[]", "is not a JSON object"),
        (CLICK, '{"title": "a", "title": "b"}', "'title' stands twice"),
        (CLICK, "\udcff", "is not JSON"),
    ],
)
def test_a_file_that_does_not_belong_is_refused(
    folder: Path, name: str, text: str, told: str
) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(ContractLoadError) as caught:
        load_catalog(folder)
    assert told in str(caught.value)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractLoadError, match="holds no folder events"):
        load_catalog(tmp_path)


def test_a_missing_envelope_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "envelopes/message")
    with pytest.raises(ContractLoadError, match="lacks message"):
        load_catalog(folder)


def test_two_pairings_may_not_share_a_prefix(folder: Path) -> None:
    shutil.copytree(folder / "events/page_view", folder / "events/page_visit")
    with pytest.raises(ContractSchemaError, match="store_prefix is page_view's already"):
        load_catalog(folder)


def test_loading_is_repeatable() -> None:
    first, second = load_catalog(), load_catalog()
    assert isinstance(first, Catalog)
    assert list(first) == list(second)


def test_a_deprecated_version_is_refused_only_from_the_day_it_is_retired(folder: Path) -> None:
    goes = {"since": "2026-01-01", "sunset": "2026-06-01", "reason": "There is a newer one."}
    change(folder / CLICK, lambda d: d.update({"x-deprecated": goes}))
    announced = load_catalog(folder).get("element_click").deprecation
    change(folder / CLICK, lambda d: d["x-deprecated"].update(retired="2026-07-01"))
    retired = load_catalog(folder).get("element_click").deprecation
    assert announced is not None
    assert retired is not None
    assert announced.sunset == retired.sunset == dt.date(2026, 6, 1)
    days = [dt.date(2026, 6, 30), dt.date(2026, 7, 1)]
    assert [announced.is_retired(day) for day in days] == [False, False]
    assert [retired.is_retired(day) for day in days] == [False, True]
