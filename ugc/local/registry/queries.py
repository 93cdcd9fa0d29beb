"""What can be read without changing anything. Each function works inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import groupby

from ugc.local.registry import refusals
from ugc.local.registry.contexts import DEFAULT, context_of, plain
from ugc.local.registry.requests import LATEST
from ugc.local.registry.schemas import latest, live
from ugc.local.registry.store import Rows, StoredSchema, StoredVersion

ALL_SUBJECTS = ":*:"
"""The prefix that Confluent's clients send to ask for the subjects of all contexts."""


class Deleted(StrEnum):
    """What becomes of softly deleted versions in a list."""

    EXCLUDED = "excluded"
    INCLUDED = "included"
    ONLY = "only"


def subjects(rows: Rows, prefix: str, deleted: Deleted) -> list[str]:
    """The subjects that begin with ``prefix``; a subject is deleted when all its versions are."""
    found = []
    for subject, versions in groupby(_with_prefix(rows, prefix), lambda each: each.subject):
        is_deleted = not live(list(versions))
        if deleted is Deleted.INCLUDED or is_deleted is (deleted is Deleted.ONLY):
            found.append(subject)
    return found


def schemas(rows: Rows, prefix: str, deleted: Deleted, *, latest_only: bool) -> list[StoredVersion]:
    """The versions of the subjects that begin with ``prefix``."""
    found = _kept(_with_prefix(rows, prefix), deleted)
    if not latest_only:
        return found
    return [list(versions)[-1] for _, versions in groupby(found, lambda each: each.subject)]


def versions_of(rows: Rows, subject: str, deleted: Deleted) -> list[StoredVersion]:
    """The versions of a subject; there may be none left of those that are deleted only.

    Raises:
        RequestRefusedError: there is no such subject, or it is deleted and that is not asked for.
    """
    versions = rows.versions(subject)
    if not (live(versions) if deleted is Deleted.EXCLUDED else versions):
        raise refusals.subject_not_found(subject)
    return _kept(versions, deleted)


def version_of(rows: Rows, subject: str, number: int, *, with_deleted: bool) -> StoredVersion:
    """One version of a subject.

    Raises:
        RequestRefusedError: there is no such subject or version.
    """
    found = latest(rows, subject) if number == LATEST else rows.version(subject, number)
    if found is not None and (with_deleted or not found.is_deleted):
        return found
    versions_of(rows, subject, Deleted.INCLUDED if with_deleted else Deleted.EXCLUDED)
    raise refusals.version_not_found(number)


def compared_with(rows: Rows, subject: str, number: int | None) -> list[StoredVersion]:
    """The versions that a schema is to be compared with: one, or (None) all that are not deleted.

    Raises:
        RequestRefusedError: there is no such version. A subject needs no newest one.
    """
    if number is None:
        return live(rows.versions(subject))
    found = latest(rows, subject) if number == LATEST else rows.version(subject, number)
    if found is not None and not found.is_deleted:
        return [found]
    if number == LATEST:
        return []
    raise refusals.version_not_found(number)


def referenced_by(rows: Rows, subject: str, number: int) -> list[int]:
    """The ids of the schemas that refer to a version.

    Raises:
        RequestRefusedError: there is no such subject or version.
    """
    version = version_of(rows, subject, number, with_deleted=True)
    return rows.referencing(subject, version.version)


def schema_of(rows: Rows, schema_id: int) -> StoredSchema:
    """
    Raises:
        RequestRefusedError: no schema has the id.
    """
    if (found := rows.schema(schema_id)) is None:
        raise refusals.schema_not_found(schema_id)
    return found


def versions_with(rows: Rows, schema_id: int, *, with_deleted: bool) -> list[StoredVersion]:
    """The versions that hold a schema.

    Raises:
        RequestRefusedError: no schema has the id.
    """
    schema_of(rows, schema_id)
    deleted = Deleted.INCLUDED if with_deleted else Deleted.EXCLUDED
    return _kept(rows.versions_with(schema_id), deleted)


def _with_prefix(rows: Rows, prefix: str) -> list[StoredVersion]:
    if prefix.startswith(":.:"):
        found = [each for each in rows.versions() if context_of(each.subject) == DEFAULT]
        return [each for each in found if each.subject.startswith(plain(prefix))]
    wanted = prefix.removeprefix(ALL_SUBJECTS)
    return [each for each in rows.versions() if each.subject.startswith(wanted)]


def _kept(versions: Iterable[StoredVersion], deleted: Deleted) -> list[StoredVersion]:
    return [
        each
        for each in versions
        if deleted is Deleted.INCLUDED or each.is_deleted is (deleted is Deleted.ONLY)
    ]
