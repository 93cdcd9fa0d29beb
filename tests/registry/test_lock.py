"""The lock file equals the contracts, and shows what changed when it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import avro.schema
import pytest
from fastavro.schema import to_parsing_canonical_form

from contracts.model.loader import Catalog, load_catalog, parse_contract
from registry.avro import avro_schema, schema_text
from registry.errors import LockError
from registry.lock import (
    Lock,
    differences,
    lock_of,
    lock_path,
    lock_text,
    read_lock,
    text_fingerprint,
)
from tests.support.golden import ROOT, Golden

CATALOG = load_catalog()


def with_change(change: dict[str, Any]) -> Catalog:
    """The catalog with other keywords in one contract."""
    old = CATALOG.get("element_click", 1)
    new = parse_contract("element_click", 1, {**old.schema, **change}, Path("v1.json"))
    assert CATALOG.context is not None
    new = new.with_context(CATALOG.context.fields)
    return replace(CATALOG, versions={**CATALOG.versions, "element_click": {1: new}})


def test_the_committed_lock_is_that_of_the_contracts(golden: Golden) -> None:
    path = lock_path(None)
    golden.file(path.relative_to(ROOT).as_posix(), lock_text(lock_of(CATALOG)))
    assert differences(read_lock(path), lock_of(CATALOG)) == ()


@pytest.mark.parametrize("contract", list(CATALOG), ids=lambda c: c.id)
def test_the_fingerprints_are_those_of_the_apache_library(contract: Any) -> None:
    text = schema_text(avro_schema(CATALOG, contract))
    locked = lock_of(CATALOG).contracts[contract.id]
    # Of the canonical form: that library leaves {"type": "string"} in its own one, against the
    # specification's rule PRIMITIVES.
    apache = avro.schema.parse(to_parsing_canonical_form(json.loads(text)))
    assert locked.canonical_sha256 == apache.fingerprint("sha256").hex()
    assert locked.canonical_rabin == apache.fingerprint("CRC-64-AVRO").hex()
    assert locked.text_sha256 == text_fingerprint(text)
    assert locked.subject == apache.fullname  # type: ignore[attr-defined]


def test_a_lock_holds_its_schemas_to_the_letter() -> None:
    text = schema_text(avro_schema(CATALOG, CATALOG.get("page_view")))
    assert lock_of(CATALOG).holds(text)
    assert not lock_of(CATALOG).holds(text + " ")


def test_differences_say_what_changed() -> None:
    lock = lock_of(CATALOG)
    assert differences(None, Lock({})) == ()
    assert "page_view@1 is not in the lock file" in differences(None, lock)
    kept = {name: each for name, each in lock.contracts.items() if name != "page_view@1"}
    fewer = replace(lock, contracts=kept)
    assert differences(lock, fewer) == (
        "page_view@1 is in the lock file, and there is no such contract",
    )
    described = lock_of(with_change({"description": "Another text."}))
    assert differences(lock, described) == (
        "element_click@1 has another text (documentation, attributes or defaults)",
    )
    properties = dict(CATALOG.get("element_click").schema["properties"])
    properties["more"] = {"type": "string", "description": "More."}
    changed = lock_of(with_change({"properties": properties}))
    assert differences(lock, changed) == ("element_click@1 has another Avro schema",)


def test_a_file_is_read_as_written(tmp_path: Path) -> None:
    path = lock_path(tmp_path)
    assert read_lock(path) is None
    path.write_text(lock_text(lock_of(CATALOG)))
    assert read_lock(path) == lock_of(CATALOG)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 1}', '{"format": 1, "contracts": {"a@1": {"subject": "x"}}}'],
)
def test_a_malformed_file(tmp_path: Path, text: str) -> None:
    path = lock_path(tmp_path)
    path.write_text(text)
    with pytest.raises(LockError, match="is no lock file"):
        read_lock(path)


def test_a_file_of_another_format(tmp_path: Path) -> None:
    path = lock_path(tmp_path)
    path.write_text(json.dumps({"format": 2, "contracts": {}}))
    with pytest.raises(LockError, match="has format 2, not 1"):
        read_lock(path)
