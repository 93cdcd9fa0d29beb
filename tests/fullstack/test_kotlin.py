"""What ``ugc sdk build --kotlin`` makes is Kotlin, and writes what the contracts take."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from contracts.model.loader import Catalog
from contracts.model.validation import Validator
from tests.fullstack.cache import cached, program
from tests.support.shapes import every_shape
from tests.support.shop import shop_catalog
from tests.support.with_context import catalog_with_context
from tests.support.words import HOSTILE, catalog_of_words
from ugc.sdk.kotlin import package_files

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]

MAIN = """
import java.math.BigDecimal
import java.time.Instant
import java.time.LocalDate
import java.util.UUID
import ugc.events.*

fun main() {
    val day = LocalDate.of(2026, 1, 31)
    val shape = EveryShapeV1(
        text = "a \\"quote\\", a \\\\ and a \\n", choice = EveryShapeV1Choice.A, maybeText = null,
        id = UUID.randomUUID(), at = Instant.now(), day = day, count = Long.MAX_VALUE, ratio = 0.5,
        price = BigDecimal("12.50"), rate = BigDecimal("0.000000000000000001"), flag = true,
        tags = listOf("a"), matrix = listOf(listOf(1L, null)), labels = mapOf("a" to 1L),
        device = EveryShapeV1Device(os = "linux"), seen = listOf(EveryShapeV1Seen(on = day)),
        maybeRateToo = BigDecimal("1e3"), maybeChoiceToo = EveryShapeV1MaybeChoiceToo.B,
    )
    println(shape.toRequest(UUID.randomUUID(), token = "t", sentAt = Instant.now()))
}
"""


def compiled(folder: Path, *sources: Path) -> Path:
    """The folder of the classes; warnings are allowed, errors are not."""
    jars = cached("kotlin", "kotlin.xml")
    classes = folder / "classes"
    library = next(jars.glob("kotlin-stdlib-*.jar"))
    compiler = ["-Xmx512m", "-cp", f"{jars}/*", "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"]
    options = ["-no-stdlib", "-no-reflect", "-cp", library, "-d", classes]
    command = [program("java"), *compiler, *map(str, options), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return classes


def source(folder: Path, catalog: Catalog) -> Path:
    text = package_files(catalog)["Events.kt"]
    assert isinstance(text, str)
    (folder / "Events.kt").write_text(text)
    return folder / "Events.kt"


WORDS = ["class", "object", "copy", "component1", "to_json", "hash_code", "get", "it", "string"]
CATALOGS = [
    catalog_with_context(),
    shop_catalog(),
    catalog_of_words(WORDS, WORDS, ["a", "\f", HOSTILE, "", "4k, high", "class"]),
]


@pytest.mark.parametrize("catalog", CATALOGS, ids=["ugc", "shop", "words"])
def test_a_projects_events_compile(tmp_path: Path, catalog: Catalog) -> None:
    assert list(compiled(tmp_path, source(tmp_path, catalog)).rglob("*V1.class"))


def test_what_kotlin_writes_is_what_the_contract_takes(tmp_path: Path) -> None:
    catalog, contract = every_shape()
    (tmp_path / "Main.kt").write_text(MAIN)
    classes = compiled(tmp_path, source(tmp_path, catalog), tmp_path / "Main.kt")
    jars = cached("kotlin", "kotlin.xml")
    done = subprocess.run(
        [program("java"), "-cp", f"{classes}:{jars}/*", "MainKt"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    sent = json.loads(done.stdout)
    assert (sent["event"], sent["version"], sent["token"]) == ("every_shape", 1, "t")
    data = sent["data"]
    assert list(Validator(contract.schema).violations(data)) == []
    assert data["text"] == 'a "quote", a \\ and a \n'
    assert data["count"] == 2**63 - 1
    assert (data["rate"], data["maybe_rate_too"]) == ("0.000000000000000001", "1000")
    assert data["maybe_text"] is None
    assert "maybe_text_too" not in data
