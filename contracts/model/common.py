"""Reads what events have in common: shared definitions, the context, and who sends them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from contracts.errors import ContractSchemaError
from contracts.model.applications import FILE as APPLICATIONS_FILE
from contracts.model.applications import Applications, applications_of
from contracts.model.applications import problems as application_problems
from contracts.model.context import FOLDER as CONTEXT_FOLDER
from contracts.model.context import Context
from contracts.model.context import problems as context_problems
from contracts.model.documents import read_document
from contracts.model.numbered import numbered, version_files
from contracts.model.shared import FOLDER, NOTHING_SHARED, Key, Shared
from contracts.model.types import JsonSchema
from contracts.model.validation import problems_with_shared


def read_shared(root: Path) -> Shared:
    """The shared definitions of a folder of contracts; none where it has no folder for them.

    Raises:
        ContractLoadError: a file is unreadable, is not JSON, or lies where none belongs.
        ContractSchemaError: a file breaks the dialect, or refers to what is not there.
    """
    if not (root / FOLDER).is_dir():
        return NOTHING_SHARED
    paths: dict[Key, Path] = {
        (name, version): path for name, version, path in version_files(root / FOLDER)
    }
    shared = Shared({key: read_document(path) for key, path in paths.items()})
    for key, document in shared.documents.items():
        problems = problems_with_references(shared, document, key)
        if problems := problems or problems_with_shared(document):
            raise ContractSchemaError(str(paths[key]), problems)
    return shared


def read_context(root: Path) -> Context | None:
    """The context of a folder of contracts; ``None`` where it has none.

    Raises:
        ContractLoadError: a file is unreadable, is not JSON, or lies where none belongs.
        ContractSchemaError: a file breaks the dialect, or is no context.
    """
    if not (root / CONTEXT_FOLDER).is_dir():
        return None
    documents = {}
    for _, version, path in numbered(root / CONTEXT_FOLDER):
        document = documents[version] = read_document(path)
        problems = problems_with_shared(document)
        if problems := problems or tuple(map(" ".join, context_problems(document))):
            raise ContractSchemaError(str(path), problems)
    return Context(documents)


def read_applications(root: Path, sent: Collection[str]) -> Applications | None:
    """The applications of a folder of contracts; ``None`` where it has no file of them.

    ``sent`` are the events that clients send.

    Raises:
        ContractLoadError: the file is unreadable, or is no JSON object.
        ContractSchemaError: an entry is malformed, has another's key, or names an unknown event.
    """
    path = root / APPLICATIONS_FILE
    if not path.is_file():
        return None
    document = read_document(path)
    if found := tuple(map(" ".join, application_problems(document, sent))):
        raise ContractSchemaError(str(path), found)
    return applications_of(document)


def problems_with_references(
    shared: Shared, document: JsonSchema, key: Key | None = None
) -> tuple[str, ...]:
    """References to shared definitions that lead nowhere, in lines with their pointers."""
    return tuple(f"{each.pointer} {each.message}" for each in shared.problems(document, key))
