"""What a registry has of ours, as a file, and back: with the same ids.

A message names its schema by the registry's id alone, so a registry that was lost must get its
schemas back under the ids they had; `ugc registry sync` on an empty one would give them others.
Confluent's API takes an id only from a subject in mode ``IMPORT``, which is set back afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from registry.canonical import canonical_text
from registry.client import RegisteredVersion
from registry.errors import BackupError, SchemaNotFoundError
from registry.sync import State, SubjectState

_FORMAT = 1


class SchemaImporter(Protocol):
    """A registry into which schemas go with the ids that they had."""

    def schema(self, schema_id: int) -> str:
        """See :class:`registry.client.SchemaRegistry`."""
        ...

    def put_back(self, subject: str, versions: tuple[RegisteredVersion, ...]) -> None:
        """Registers versions of a subject that has none or the first ones, with numbers and ids.

        Raises:
            SchemaRefusedError: the registry does not take ids, or not these.
            RegistryUnavailableError, RegistryDeniedError: no usable answer.
        """
        ...

    def set_compatibility(self, subject: str, level: str) -> None:
        """See :class:`registry.client.SchemaRegistry`."""
        ...


def backup_text(state: State) -> str:
    """The file: a JSON document, alike for what is alike."""
    subjects = {
        name: {
            "compatibility": subject.level,
            "versions": [
                {"version": each.number, "id": each.schema_id, "schema": each.text}
                for each in subject.versions
            ],
        }
        for name, subject in sorted(state.items())
    }
    return json.dumps({"format": _FORMAT, "subjects": subjects}, indent=2) + "\n"


def read_backup(text: str) -> State:
    """
    Raises:
        BackupError: it is no such file, or of another version of this program.
    """
    try:
        document = json.loads(text)
        if document["format"] != _FORMAT:
            raise BackupError(f"its format is {document['format']!r}, and {_FORMAT} is known here")
        return {str(name): _subject(subject) for name, subject in document["subjects"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError("it is no file that `ugc registry save` wrote") from error


def _subject(document: Mapping[str, Any]) -> SubjectState:
    level = document["compatibility"]
    versions = tuple(
        RegisteredVersion(
            number=int(each["version"]), schema_id=int(each["id"]), text=str(each["schema"])
        )
        for each in document["versions"]
    )
    return SubjectState(level=None if level is None else str(level), versions=versions)


def missing_subjects(registry: SchemaImporter, kept: State, has: State) -> tuple[str, ...]:
    """The subjects of a backup that a registry lacks, in whole or in part, sorted.

    Changes nothing. A part is what a call that was interrupted left.

    Raises:
        BackupError: what is kept does not fit beside what the registry has: a subject has other
            versions, or an id belongs to another schema. Nothing can be put back then.
        RegistryUnavailableError, RegistryDeniedError: no usable answer.
    """
    misfits = [
        f"{subject} has other versions or ids there than in the file"
        for subject in sorted(kept.keys() & has.keys())
        if _ids(has[subject]) != _ids(kept[subject])[: len(has[subject].versions)]
    ]
    lacking = tuple(
        subject
        for subject in sorted(kept)
        if subject not in has or len(has[subject].versions) < len(kept[subject].versions)
    )
    for subject in lacking:
        for version in kept[subject].versions:
            if not _is_free(registry, version):
                text = f"id {version.schema_id}, of {subject}, belongs to another schema there"
                misfits.append(text)
    if misfits:
        raise BackupError("; ".join(misfits))
    return lacking


def put_back(registry: SchemaImporter, kept: State, subjects: tuple[str, ...]) -> None:
    """Registers subjects of a backup as they were, and sets their levels. May be repeated.

    Raises:
        SchemaRefusedError: the registry does not take ids; subjects before it are back.
        RegistryUnavailableError, RegistryDeniedError: no usable answer.
    """
    for subject in subjects:
        registry.put_back(subject, kept[subject].versions)
        if (level := kept[subject].level) is not None:
            registry.set_compatibility(subject, level)


def _ids(subject: SubjectState) -> list[tuple[int, int, str]]:
    return [(each.number, each.schema_id, _normal(each.text)) for each in subject.versions]


def _is_free(registry: SchemaImporter, version: RegisteredVersion) -> bool:
    try:
        return _normal(registry.schema(version.schema_id)) == _normal(version.text)
    except SchemaNotFoundError:
        return True


def _normal(text: str) -> str:
    return canonical_text(json.loads(text), normalize=True)
