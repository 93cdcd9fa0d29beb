"""Rules about shared definitions: each by itself, and whether anything refers to it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from contracts.lint import contract, examples, shape
from contracts.lint.rules import Note
from contracts.lint.sites import Schema, sites
from contracts.model.context import problems
from contracts.model.shared import Key, Shared, fingerprint, id_of
from contracts.model.validation import shared_dialect_validator


def check(documents: Mapping[Key, Schema]) -> tuple[dict[Key, list[Note]], Shared]:
    """Everything wrong with each definition; and all of them, with those marked that are broken.

    Examples are judged where a definition, and all that it refers to, keeps the dialect.
    """
    shared = Shared(documents)
    found: dict[Key, list[Note]] = {}
    broken = set()
    for key, document in documents.items():
        found[key] = _of_the_file(shared, key)
        violations = shared_dialect_validator().violations(document, limit=None)
        found[key] += contract.dialect_notes(violations, found[key])
        if violations or not contract.is_usable(found[key]):
            broken.add(key)
    shared = Shared(documents, frozenset(broken))
    for key in documents:
        if shared.closure(key).isdisjoint(broken):
            whole = shared.whole_definition(key)
            places = contract.own_places(whole)
            named = [site for site in places if site.name is not None]
            found[key] += examples.has_examples_inside(whole, named)
            found[key] += examples.example_notes(whole, places)
    return found, shared


def check_context(document: Schema) -> list[Note]:
    """Everything wrong with one version of the context, as far as the file alone shows it."""
    places = list(sites(document))
    found = [note for site in places for note in shape.check(site)]
    named = [site for site in places if site.name is not None]
    found += examples.has_examples_inside(document, named)
    violations = shared_dialect_validator().violations(document, limit=None)
    found += contract.dialect_notes(violations, found)
    if not violations and contract.is_usable(found):
        found += [Note("context-field", *each) for each in problems(document)]
        if not any("$ref" in site.schema for site in places):
            found += examples.example_notes(document, places)
    return found


def _of_the_file(shared: Shared, key: Key) -> list[Note]:
    document = shared.documents[key]
    found = [note for site in sites(document) for note in shape.check(site)]
    found += contract.references_to_files(shared.problems(document, key))
    if not document.get("examples"):
        found.append(Note("example-missing", "/examples", 'write "examples": […]'))
    return found


def check_used(shared: Shared, contracts: Iterable[Schema]) -> Iterator[tuple[Key, Note]]:
    """The newest version of each definition of which nothing refers to any version."""
    used = {
        name
        for document in contracts
        for key in shared.uses(document)
        for name, _ in shared.closure(key)
    }
    newest: dict[str, int] = {}
    for name, version in shared.documents:
        newest[name] = max(version, newest.get(name, 0))
    for name, version in sorted(newest.items()):
        if name not in used:
            message = f"no event refers to {name}; refer to it, or leave it out"
            yield (name, version), Note("shared-unused", "", message)


def check_locked(
    documents: Mapping[Key, Schema], locked: Mapping[str, str]
) -> Iterator[tuple[Key, Note]]:
    """Definitions, or versions of the context, that say something else than the lock file holds.

    Args:
        documents: what their files say.
        locked: ``name@version`` → fingerprint, as the lock file has it.
    """
    for key, document in documents.items():
        name = id_of(key)
        if name in locked and locked[name] != fingerprint(document):
            message = (
                f"{name} is in the lock file with another text; put the file back and write"
                f" v{key[1] + 1}.json, or if it is not merged yet run `ugc registry lock`"
            )
            yield key, Note("shared-edited", "", message)
