"""All rules over one folder: files, each contract, what lies between contracts, examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.errors import ContractSchemaError
from contracts.lint import contract, definitions, digits, names, pairing
from contracts.lint.company import (
    NO_RULES,
    CompanyRules,
    Failure,
    LintedContract,
    Remark,
    remarks,
)
from contracts.lint.files import Document, Key, Shelf, Tree, read_tree
from contracts.lint.rules import RULES, Finding, Note
from contracts.model import locate
from contracts.model.applications import problems
from contracts.model.context import FOLDER as CONTEXT
from contracts.model.context import OCCURRED_AT
from contracts.model.shared import Shared, key_in
from contracts.model.validation import Validator

Schema = Mapping[str, Any]


def lint_folder(
    root: Path,
    reserved_columns: frozenset[str] = frozenset(),
    reserved_events: Mapping[str, str] | None = None,
    locked_shared: Mapping[str, str] | None = None,
    locked_context: Mapping[str, str] | None = None,
    company_rules: CompanyRules = NO_RULES,
) -> tuple[Finding, ...]:
    """Every finding below ``root``, by file and line; empty when there is nothing to change.

    Args:
        root: a contract folder.
        reserved_columns: names of the columns that a table has beside the event's fields.
        reserved_events: names that no event may have, each with what has it already.
        locked_shared: ``name@version`` of each shared definition in the lock file → fingerprint.
        locked_context: the same of each version of the context.
        company_rules: rules of one's own, asked about what keeps the dialect.
    """
    tree = read_tree(root)
    found = [_finding(path, note, line) for path, note, line in tree.stray]
    found += _failures_to_load(root, company_rules)
    notes_by_key, shared = definitions.check(
        {key: each.value for key, each in tree.shared.documents.items()}
    )
    for key, notes in notes_by_key.items():
        found += _placed(tree.shared.documents[key], notes)
        found += _placed(tree.shared.documents[key], digits.check(tree.shared.documents[key].text))
    found += _shared(tree, shared, locked_shared or {})
    found += _context(tree, locked_context or {})
    found += _applications(tree)
    if tree.context.documents or tree.applications is not None:
        reserved_columns |= {CONTEXT}
    usable: dict[Key, Schema] = {}
    for key, document in tree.events.documents.items():
        notes, is_usable = contract.check(document.value, reserved_columns, shared)
        found += _placed(document, notes)
        found += _placed(document, digits.check(document.text))
        found += _placed(document, names.check_event(key[0], reserved_events or {}))
        if is_usable:
            usable[key] = shared.whole(document.value)
    for event, note in names.check_apart({event for event, _ in tree.events.documents}):
        newest = max(version for name, version in tree.events.documents if name == event)
        found += _placed(tree.events.documents[event, newest], [note])
    found += _company(tree, usable, company_rules)
    found += _pairings(tree.events, usable, has_time=_has_time(tree))
    found += _example_files(tree.events, usable, root / "examples")
    envelopes: dict[Key, Schema] = {}
    for key, document in tree.envelopes.documents.items():
        if problem := _problem_with_envelope(document.value):
            found += _placed(document, [problem])
        else:
            envelopes[key] = document.value
    found += _example_files(tree.envelopes, envelopes, root / "envelopes" / "examples")
    return tuple(sorted(found))


def _shared(tree: Tree, shared: Shared, locked: Mapping[str, str]) -> Iterator[Finding]:
    shelf = tree.shared.documents
    contracts = (each.value for each in tree.events.documents.values())
    for key, note in definitions.check_used(shared, contracts):
        yield from _placed(shelf[key], [note])
    for key, note in definitions.check_locked(shared.documents, locked):
        yield from _placed(shelf[key], [note])


def _context(tree: Tree, locked: Mapping[str, str]) -> Iterator[Finding]:
    shelf = tree.context.documents
    for document in shelf.values():
        yield from _placed(document, definitions.check_context(document.value))
        yield from _placed(document, digits.check(document.text))
    values = {key: document.value for key, document in shelf.items()}
    for key, note in definitions.check_locked(values, locked):
        yield from _placed(shelf[key], [note])


def _applications(tree: Tree) -> Iterator[Finding]:
    if tree.applications is None:
        return
    events = tree.events.documents.items()
    sent = {event for (event, _), each in events if each.value.get("x-origin") == "client"}
    notes = [Note("application", *each) for each in problems(tree.applications.value, sent)]
    yield from _placed(tree.applications, notes)


def _failures_to_load(root: Path, rules: CompanyRules) -> Iterator[Finding]:
    for failure in rules.failures:
        yield _finding(failure.path or root, _failed(failure), failure.line)


def _failed(failure: Failure) -> Note:
    message = f"the rule {failure.where} {failure.message}; repair it, or leave it out"
    return Note("rule-failed", "", message)


def _company(tree: Tree, usable: Mapping[Key, Schema], rules: CompanyRules) -> Iterator[Finding]:
    documents = tree.events.documents
    newest = {event: max(n for e, n in documents if e == event) for event, _ in documents}
    contracts = (
        LintedContract(
            event=event,
            version=version,
            path=documents[event, version].path,
            document=documents[event, version].value,
            schema=usable[event, version],
        )
        for event, version in newest.items()
        if (event, version) in usable
    )
    for judged, code, said in remarks(rules, contracts):
        own = documents[judged.event, judged.version]
        if isinstance(said, Failure):
            yield from _placed(own, [_failed(said)])
            continue
        place, pointer = _place(tree, own, said)
        message = f"{said.message}; {said.remedy}" if said.remedy else said.message
        yield from _placed(place, [Note(code, pointer, message, said.severity)])


def _place(tree: Tree, own: Document, remark: Remark) -> tuple[Document, str]:
    """The file that a remark is about, and the pointer in it."""
    if remark.file is not None:
        return tree.document(own.path.parents[2] / remark.file) or own, remark.pointer
    parts = remark.pointer.split("/")
    key = key_in("#" + "/".join(parts[:3]))
    if key is not None and key in tree.shared.documents:
        return tree.shared.documents[key], "".join(f"/{part}" for part in parts[3:])
    return own, remark.pointer


def _problem_with_envelope(schema: Schema) -> Note | None:
    """Envelopes are not held to the dialect, but a validator has to take them."""
    try:
        Validator(schema)
    except ContractSchemaError as error:
        return Note("keyword-value", "", "; ".join(error.problems))
    return None


def _finding(path: Path, note: Note, line: int) -> Finding:
    return Finding(
        path=path,
        line=line,
        pointer=note.pointer,
        code=note.code,
        severity=note.severity or RULES[note.code].severity,
        message=note.message,
    )


def _placed(document: Document, notes: Iterable[Note]) -> list[Finding]:
    """Notes with the lines they are about; the file is scanned only when there are any."""
    notes = list(notes)
    if not notes:
        return []
    lines = locate.lines(document.text)
    return [_finding(document.path, n, locate.line_of(lines, n.pointer)) for n in notes]


def _has_time(tree: Tree) -> bool:
    """Whether the newest context says when an event occurred."""
    newest = max(tree.context.documents, default=None)
    schema = {} if newest is None else tree.context.documents[newest].value
    properties = schema.get("properties")
    return isinstance(properties, Mapping) and OCCURRED_AT in properties


def _pairings(shelf: Shelf, usable: Mapping[Key, Schema], *, has_time: bool) -> list[Finding]:
    versions: dict[str, dict[int, Schema]] = {}
    for (event, version), schema in usable.items():
        versions.setdefault(event, {})[version] = schema
    newest = {event: numbered[max(numbered)] for event, numbered in versions.items()}
    found = []
    for event, schema in newest.items():
        document = shelf.documents[event, max(versions[event])]
        found += _placed(document, pairing.check(event, schema, versions))
        found += _placed(document, pairing.check_clock(schema, has_time=has_time))
    for event, note in pairing.check_prefixes(newest):
        found += _placed(shelf.documents[event, max(versions[event])], [note])
    return found


def _example_files(shelf: Shelf, usable: Mapping[Key, Schema], folder: Path) -> Iterator[Finding]:
    for key, examples in shelf.examples.items():
        if key not in shelf.documents:
            message = f"there is no {key[0]}@{key[1]}; write that contract, or remove the file"
            for example in examples:
                yield _finding(example.document.path, Note("example-orphan", "", message), 1)
    for key, document in shelf.documents.items():
        examples = shelf.examples.get(key, [])
        for kind in ("valid", "invalid"):
            if not any(example.valid == (kind == "valid") for example in examples):
                where = folder / key[0] / f"v{key[1]}" / kind
                message = f"write at least one file in {where.relative_to(folder.parent)}"
                yield _finding(document.path, Note("example-files-missing", "", message), 1)
        if key not in usable:
            continue
        validator = Validator(usable[key])
        for example in examples:
            yield from _judged(validator, example.document, valid=example.valid)


def _judged(validator: Validator, example: Document, *, valid: bool) -> list[Finding]:
    problems = validator.violations(example.value)
    if valid:
        return _placed(
            example, [Note("example-file-refused", p.pointer, p.message) for p in problems]
        )
    if problems:
        return []
    message = "the contract accepts it; break one rule in it, or move it to the folder valid"
    return _placed(example, [Note("example-file-accepted", "", message)])
