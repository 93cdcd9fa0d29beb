"""Rules about examples and listed values: that they are there, and that the schema takes them.

Pure.  ``root`` is a whole contract, or a whole shared definition, that the places lie in.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts.lint.rules import Note
from contracts.lint.sites import Schema, Site, resolved
from contracts.model.shared import is_to_another_file
from contracts.model.validation import Validator


def has_examples(root: Schema, places: list[Site]) -> Iterator[Note]:
    if not root.get("examples"):
        message = 'write "examples": [{…}] with a whole payload'
        yield Note("example-missing", "/examples", message)
    yield from has_examples_inside(root, places)


def has_examples_inside(root: Schema, places: list[Site]) -> Iterator[Note]:
    """Fields without an example, of their own or of what they refer to."""
    for site in places:
        if site.name is None or is_to_another_file(site.schema.get("$ref")):
            continue  # In a whole contract such a reference leads nowhere, which is told.
        described = resolved(root, site.schema)
        if not (site.schema.get("examples") or described.get("examples")) and not described.get(
            "properties"
        ):
            yield Note("example-missing", site.at("examples"), 'write "examples": […]')


def example_notes(root: Schema, places: list[Site]) -> Iterator[Note]:
    """Examples and listed values that the schema beside them refuses."""
    for site in places:
        if examples := site.schema.get("examples"):
            validator = validator_of(root, site.schema)
            for index, value in enumerate(examples):
                for problem in validator.violations(value, at=site.at("examples", index), limit=1):
                    yield Note("example-refused", problem.pointer, problem.message)
        yield from _listed_values(root, site)


def _listed_values(root: Schema, site: Site) -> Iterator[Note]:
    schema = site.schema
    listed = [(site.at("enum", i), value) for i, value in enumerate(schema.get("enum", ()))]
    if "const" in schema:
        listed.append((site.at("const"), schema["const"]))
    if not listed:
        return
    rest = {key: value for key, value in schema.items() if key not in ("enum", "const")}
    validator = validator_of(root, rest)
    for pointer, value in listed:
        for problem in validator.violations(value, at=pointer, limit=1):
            yield Note("enum-value-refused", pointer, f"{problem.message}; leave it out")


def validator_of(root: Schema, schema: Schema) -> Validator:
    """A validator of one place; its references are those of the whole contract."""
    if "$defs" in root and schema is not root:
        return Validator({**schema, "$defs": root["$defs"]})
    return Validator(schema)
