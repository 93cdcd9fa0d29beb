"""Which field a pointer belongs to, and which change a finding speaks of."""

from __future__ import annotations

import pytest

from ugc.check.grouping import entries_of, field_of
from ugc.compatibility.findings import EventReport, Finding, Report, Target


@pytest.mark.parametrize(
    ("pointer", "field"),
    [
        ("", ""),
        ("/x-table/key", "/x-table"),
        ("/properties/f", "/properties/f"),
        ("/properties/f/maxLength", "/properties/f"),
        ("/properties/f/items/type", "/properties/f"),
        ("/properties/f/items/properties/a/type", "/properties/f/items/properties/a"),
        ("/properties/f/additionalProperties/enum", "/properties/f"),
        ("/properties/properties/type", "/properties/properties"),
        ("/properties/items", "/properties/items"),
        ("/additionalProperties", "/additionalProperties"),
    ],
)
def test_a_pointer_ends_in_a_field(pointer: str, field: str) -> None:
    assert field_of(pointer) == field


def finding(target: Target, pointer: str, breaking: bool = True) -> Finding:
    return Finding(
        code=target.value, target=target, breaking=breaking, pointer=pointer, message="", path="f"
    )


def grouped(*findings: Finding) -> list[list[str]]:
    event = EventReport(event="e", contract="e@2", earlier=("e@1",), findings=findings)
    entries = entries_of(Report(events=(event,)), lambda path, _: (path, 1))
    return [[f"{each.target} {each.pointer}" for each in entry.effects] for entry in entries]


def test_a_column_of_a_list_belongs_to_the_change_inside_of_it() -> None:
    inside = "/properties/f/items/properties/a/type"
    assert grouped(finding(Target.HTTP, inside), finding(Target.CLICKHOUSE, "/properties/f")) == [
        [f"http {inside}", "clickhouse /properties/f"]
    ]


def test_a_leaf_belongs_to_the_object_that_changed_around_it() -> None:
    leaf = "/properties/f/properties/a"
    assert grouped(finding(Target.HTTP, "/properties/f/type"), finding(Target.AVRO, leaf)) == [
        ["http /properties/f/type", f"avro {leaf}"]
    ]


def test_two_fields_are_two_entries() -> None:
    found = grouped(
        finding(Target.HTTP, "/properties/a/type"),
        finding(Target.HTTP, "/properties/ab/type"),
        finding(Target.AVRO, "/properties/ab"),
    )
    assert found == [
        ["http /properties/a/type"],
        ["http /properties/ab/type", "avro /properties/ab"],
    ]


def test_what_the_files_or_the_registry_say_stands_alone() -> None:
    found = grouped(
        finding(Target.FILES, ""), finding(Target.REGISTRY, ""), finding(Target.CLICKHOUSE, "")
    )
    assert found == [["files "], ["registry "], ["clickhouse "]]
