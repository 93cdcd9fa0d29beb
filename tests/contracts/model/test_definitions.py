"""A ``$ref`` of the dialect leads into the document's own ``$defs``, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.model.definitions import definition, find_definition, name_in

ROOT: dict[str, Any] = {"$defs": {"path": {"type": "string"}, "odd": 7}, "type": "object"}


def test_a_reference_leads_to_the_definition_of_its_name() -> None:
    assert name_in("#/$defs/path") == "path"
    assert find_definition(ROOT, "#/$defs/path") == definition(ROOT, "#/$defs/path")
    assert definition(ROOT, "#/$defs/path") == {"type": "string"}


@pytest.mark.parametrize("reference", ["path", "#/$defs/other", "#/$defs/odd", "#", None, 7, {}])
def test_what_leads_nowhere_is_told(reference: object) -> None:
    assert find_definition(ROOT, reference) is None
    with pytest.raises(KeyError):
        definition(ROOT, reference)


@pytest.mark.parametrize("root", [{}, {"$defs": None}, {"$defs": []}])
def test_a_document_without_definitions_has_none(root: dict[str, Any]) -> None:
    assert find_definition(root, "#/$defs/path") is None
