"""Compatibility level and mode: of a subject, or of all that have none of their own.

Each function works inside one transaction.  ``GLOBAL`` stands for "all".
"""

from __future__ import annotations

from registry.compatibility import Level
from ugc.local.registry import refusals
from ugc.local.registry.contexts import context_of, settings_of
from ugc.local.registry.requests import Mode
from ugc.local.registry.schemas import live
from ugc.local.registry.store import Rows, StoredVersion

GLOBAL = ""

DEFAULT_LEVEL = Level.BACKWARD
DEFAULT_MODE = Mode.READWRITE

_LEVEL = "level"
_MODE = "mode"


def level_in_scope(rows: Rows, subject: str) -> Level:
    """The level that holds for a subject."""
    context = settings_of(context_of(subject))
    return (
        _own_level(rows, subject)
        or _own_level(rows, context)
        or _own_level(rows, GLOBAL)
        or DEFAULT_LEVEL
    )


def get_level(rows: Rows, subject: str, *, default_to_global: bool) -> Level:
    """The level of a subject itself; of ``GLOBAL``, and when asked for, the one that holds.

    Raises:
        RequestRefusedError: the subject has none.
    """
    if subject == GLOBAL or default_to_global:
        return level_in_scope(rows, subject)
    if (level := _own_level(rows, subject)) is None:
        raise refusals.level_not_configured(subject)
    return level


def set_level(rows: Rows, subject: str, level: Level) -> None:
    """
    Raises:
        RequestRefusedError: the subject is read-only.
    """
    refuse_read_only(rows, subject)
    rows.put_setting(_LEVEL, subject, level)


def delete_level(rows: Rows, subject: str) -> Level:
    """Falls back to the level of all, or to the default; gives the level that was there.

    Raises:
        RequestRefusedError: the subject has none, or is read-only.
    """
    level = _own_level(rows, subject) or (DEFAULT_LEVEL if subject == GLOBAL else None)
    if level is None:
        raise refusals.subject_not_found(subject)
    refuse_read_only(rows, subject)
    rows.remove_setting(_LEVEL, subject)
    return level


def mode_in_scope(rows: Rows, subject: str) -> Mode:
    """The mode that holds for a subject: its own or its context's, unless that of all overrides."""
    of_all = _own_mode(rows, GLOBAL) or DEFAULT_MODE
    if of_all is Mode.READONLY_OVERRIDE:
        return of_all
    return _own_mode(rows, subject) or _own_mode(rows, settings_of(context_of(subject))) or of_all


def get_mode(rows: Rows, subject: str, *, default_to_global: bool) -> Mode:
    """The mode of a subject itself; of ``GLOBAL``, and when asked for, the one that holds.

    Raises:
        RequestRefusedError: the subject has none, and nothing overrides that.
    """
    mode = mode_in_scope(rows, subject)
    if subject == GLOBAL or default_to_global or mode is Mode.READONLY_OVERRIDE:
        return mode
    if (own := _own_mode(rows, subject)) is None:
        raise refusals.mode_not_configured(subject)
    return own


def set_mode(rows: Rows, subject: str, mode: Mode, *, force: bool) -> None:
    """Into ``IMPORT`` only without versions in the way; deleted ones are removed for good.

    Raises:
        RequestRefusedError: there are versions, and ``force`` is not set.
    """
    if mode is Mode.IMPORT and mode_in_scope(rows, subject) is not Mode.IMPORT and not force:
        versions = _versions_under(rows, subject)
        if live(versions):
            raise refusals.not_permitted("Cannot import since found existing subjects")
        for version in versions:
            if rows.referencing(version.subject, version.version):
                raise refusals.reference_exists(version.subject, version.version)
            rows.remove(version)
    rows.put_setting(_MODE, subject, mode)


def _versions_under(rows: Rows, subject: str) -> list[StoredVersion]:
    """What a mode set for ``subject`` holds for: all, a context, or the subject itself."""
    if subject == GLOBAL:
        return rows.versions()
    if subject == settings_of(context_of(subject)):
        return [v for v in rows.versions() if context_of(v.subject) == context_of(subject)]
    return rows.versions(subject)


def delete_mode(rows: Rows, subject: str) -> Mode:
    """Falls back to the mode of all, or to the default; gives the mode that was there.

    Raises:
        RequestRefusedError: the subject has none.
    """
    mode = _own_mode(rows, subject) or (DEFAULT_MODE if subject == GLOBAL else None)
    if mode is None:
        raise refusals.subject_not_found(subject)
    rows.remove_setting(_MODE, subject)
    return mode


def forget(rows: Rows, subject: str) -> None:
    """What becomes of a subject's settings when its last version is deleted."""
    rows.remove_setting(_LEVEL, subject)
    rows.remove_setting(_MODE, subject)


def refuse_read_only(rows: Rows, subject: str) -> None:
    """
    Raises:
        RequestRefusedError: nothing may be written there.
    """
    if mode_in_scope(rows, subject) in (Mode.READONLY, Mode.READONLY_OVERRIDE):
        which = f"Subject {subject} is" if subject else "The registry is"
        raise refusals.not_permitted(f"{which} in read-only mode")


def _own_level(rows: Rows, subject: str) -> Level | None:
    value = rows.setting(_LEVEL, subject)
    return Level(value) if value is not None else None


def _own_mode(rows: Rows, subject: str) -> Mode | None:
    value = rows.setting(_MODE, subject)
    return Mode(value) if value is not None else None
