"""Types for Kotlin and Swift: what of them can be told without a compiler."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.model.loader import Catalog
from tests.support.shapes import every_shape
from tests.support.shop import shop_catalog
from tests.support.with_context import catalog_with_context
from tests.support.words import catalog_of_words
from tests.ugc.sdk.python.packages import named
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
    names = ["class", "in", "a_b", "a__b", "to_json", "members", "self", "init"]
    found = text_of(catalog_of_words(["odd"], names), language)
    declared = re.findall(r"va[lr] (\S+?): String\?", found)
    of_event = [name for name in declared if name not in ("token",)]
    assert len(set(of_event)) == len(names) == len(of_event)
    assert {"`class`", "`in`", "aB", "aB_"} <= set(of_event)


TEXTS = {
    "C:\\bin\\fonts": (r'"C:\\bin\\fonts"', r'"C:\\bin\\fonts"'),
    "\b\f\x1f": (r'"\b\u000c\u001f"', r'"\u{8}\u{c}\u{001f}"'),
    '$x ${x} \\(x) "': (r'"\$x \${x} \\(x) \""', r'"$x ${x} \\(x) \""'),
    "\n\\n": (r'"\n\\n"', r'"\n\\n"'),
}
"""What a contract may list → how Kotlin and Swift write it."""


@pytest.mark.parametrize("language", [kotlin, swift], ids=["kotlin", "swift"])
def test_a_listed_text_is_written_as_the_language_writes_it(language: Any) -> None:
    found = text_of(catalog_of_words(["odd"], [], list(TEXTS)), language)
    for in_kotlin, in_swift in TEXTS.values():
        assert (in_kotlin if language is kotlin else in_swift) in found


def test_swift_has_no_names_that_its_own_members_have() -> None:
    found = text_of(catalog_of_words(["odd"], ["self"], ["all cases", "self", "raw_value"]), swift)
    assert {"allCases_", "self_", "rawValue_"} <= set(re.findall(r"case (\w+) = ", found))
    assert "public var self_: String?" in found


def test_a_project_may_be_called_as_a_word_of_kotlin() -> None:
    assert "\npackage `object`.events\n" in text_of(named(shop_catalog(), "object"), kotlin)


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
