"""Deleting versions and subjects: first softly, then for good. Each works in one transaction."""

from __future__ import annotations

from ugc.local.registry import refusals, settings
from ugc.local.registry.requests import LATEST
from ugc.local.registry.schemas import latest, live
from ugc.local.registry.store import Rows, StoredVersion


def delete_subject(rows: Rows, subject: str, *, permanent: bool) -> list[int]:
    """Deletes all versions, and the subject's settings; gives the versions' numbers.

    Raises:
        RequestRefusedError: it is not there, not in the state for this kind of deletion, read-only,
            or another schema refers to it.
    """
    versions = rows.versions(subject)
    if not versions:
        raise refusals.subject_not_found(subject)
    if not permanent and not live(versions):
        raise refusals.subject_soft_deleted(subject)
    settings.refuse_read_only(rows, subject)
    affected = versions if permanent else live(versions)
    for version in affected:
        _refuse_referenced(rows, version)
    if permanent:
        if live(versions):
            raise refusals.subject_not_soft_deleted(subject)
        for version in affected:
            rows.remove(version)
    else:
        rows.mark_deleted(subject, [each.version for each in affected])
        settings.forget(rows, subject)
    return [each.version for each in affected]


def delete_version(rows: Rows, subject: str, number: int, *, permanent: bool) -> int:
    """Deletes one version; with the last one go the subject's settings. Gives its number.

    Raises:
        RequestRefusedError: it is not there, not in the state for this kind of deletion, read-only,
            or another schema refers to it.
    """
    version = latest(rows, subject) if number == LATEST else rows.version(subject, number)
    if version is None:
        if not rows.versions(subject):
            raise refusals.subject_not_found(subject)
        raise refusals.version_not_found(number)
    if version.is_deleted and not permanent:
        raise refusals.version_soft_deleted(subject, version.version)
    settings.refuse_read_only(rows, subject)
    _refuse_referenced(rows, version)
    if permanent:
        if not version.is_deleted:
            raise refusals.version_not_soft_deleted(subject, version.version)
        rows.remove(version)
    else:
        rows.mark_deleted(subject, [version.version])
        if not live(rows.versions(subject)):
            settings.forget(rows, subject)
    return version.version


def _refuse_referenced(rows: Rows, version: StoredVersion) -> None:
    if rows.referencing(version.subject, version.version):
        raise refusals.reference_exists(version.subject, version.version)
