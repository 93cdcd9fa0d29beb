"""Types for Kotlin and Swift: what of them can be told without a compiler."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.model.loader import Catalog, load_catalog, parse_contract
from tests.support.shapes import every_shape
from tests.support.shop import shop_catalog
from tests.support.with_context import catalog_with_context
from ugc.sdk import kotlin, swift
from ugc.sdk.shapes import data_members, sent_contracts

CATALOGS = [catalog_with_context(), shop_catalog(), every_shape()[0]]


def text_of(catalog: Catalog, language: Any) -> str:
    (found,) = [
        text
        for name, text in language.package_files(catalog).items()
        if Path(name).name in ("Events.kt", "Events.swift")
    ]
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("language", [kotlin, swift], ids=["kotlin", "swift"])
@pytest.mark.parametrize("catalog", CATALOGS, ids=["ugc", "shop", "shapes"])
def test_every_version_and_field_is_there_and_brackets_join(
    catalog: Catalog, language: Any
) -> None:
    text = text_of(catalog, language)
    for contract in sent_contracts(catalog):
        assert f'"{contract.event}"' in text
        for member in data_members(contract):
            assert f'"{member.json_name}"' in text
    code = re.sub(r"""'(\\.|[^'\\])'|"(\\.|[^"\\\n])*"|//.*|/\*\*.*?\*/""", "", text)
    for opened, closed in ("{}", "()", "[]"):
        assert code.count(opened) == code.count(closed)


@pytest.mark.parametrize("language", [kotlin, swift], ids=["kotlin", "swift"])
def test_names_that_the_language_has_taken_are_still_names(language: Any) -> None:
    """Two that become one get different names."""
    text = {"type": "string", "maxLength": 9, "description": 'A $text */ of "quotes".'}
    names = ["class", "in", "a_b", "a__b", "to_json", "members"]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "T",
        "description": "D.",
        "x-owner": "tests",
        "x-origin": "client",
        "type": "object",
        "additionalProperties": False,
        "required": [],
        "properties": dict.fromkeys(names, text),
    }
    catalog = load_catalog()
    contract = parse_contract("odd", 1, schema, Path("odd/v1.json"))
    found = text_of(Catalog({"odd": {1: contract}}, catalog.envelopes), language)
    declared = re.findall(r"va[lr] (\S+?): String\?", found)
    of_event = [name for name in declared if name not in ("token",)]
    assert len(set(of_event)) == len(names) == len(of_event)
    assert {"`class`", "`in`", "aB", "aB_"} <= set(of_event)


@pytest.mark.parametrize(
    ("option", "made"),
    [
        ("--python", "python/ugc_events/events.py"),
        ("--kotlin", "kotlin/Events.kt"),
        ("--swift", "swift/Package.swift"),
    ],
)
def test_the_command_makes_the_package(tmp_path: Path, option: str, made: str) -> None:
    for _ in range(2):
        command = [sys.executable, "-m", "ugc", "sdk", "build", option]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "next: " in done.stdout
    assert (tmp_path / "sdk" / made).is_file()
