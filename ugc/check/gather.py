"""Asks every part of the check, and puts what they say in one order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import ContractError
from contracts.lint import Severity
from contracts.model import locate
from contracts.model.loader import Catalog
from registry.client import ConfluentRegistry
from registry.errors import LockError
from registry.lock import differences, lock_of, lock_path, read_lock
from registry.options import RegistryOptions
from registry.subjects import subject_names
from registry.topics import TopicNames
from ugc.check.entries import Entry, Level, Part, Verdict
from ugc.check.generated import Source, Stale, stale_files
from ugc.check.grouping import entries_of
from ugc.compatibility.findings import Report
from ugc.compatibility.judge import judge
from ugc.compatibility.live import with_registry
from ugc.compatibility.snapshot import Snapshot
from ugc.compatibility.sources import from_folder, from_reference
from ugc.contracts.judging import findings_in
from ugc.contracts.lint import shown_path

_LOCK = "`ugc registry lock` writes it, `ugc check --fix` too"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What shall be checked: a folder, against a reference, by variables and perhaps a registry."""

    folder: Path
    against: str
    env: Mapping[str, str]
    registry_url: str | None = None
    today: dt.date

    def generated_from(self, catalog: Catalog) -> tuple[Path, Source]:
        """Where generated files are looked for, and what they are made of."""
        folder = self.folder.resolve()
        return folder.parent, Source(catalog, folder.name, self.env)


def verdict(asked: Asked) -> Verdict:
    """Everything at once: lint, the change, the lock, generated files.

    What cannot be read is told by lint's findings; nothing else is asked of such a folder.

    Raises:
        SourceError: what is compared with cannot be had.
        ContractError: it breaks the dialect.
        RegistryError: the registry does not answer, or not as one.
    """
    base = from_reference(asked.against, asked.folder)
    entries = list(_lint(asked))
    report = Report(events=())
    try:
        head = from_folder(asked.folder)
    except ContractError as error:
        if not any(entry.level is Level.ERROR for entry in entries):
            entries.append(_unreadable(asked.folder, error))
    else:
        report = _report(asked, base, head)
        entries += entries_of(report, _Places(asked.folder))
        entries += _lock(asked.folder, head.catalog)
        entries += (_stale(each) for each in stale_files(*asked.generated_from(head.catalog)))
    order = list(Level)
    entries.sort(key=lambda entry: order.index(entry.level))
    return Verdict(entries=tuple(entries), report=report, against=asked.against)


class _Places:
    """Lines of pointers; each file is scanned once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, Mapping[str, int]] = {}

    def __call__(self, path: str, pointer: str) -> tuple[str, int]:
        """The file as it is shown, and the line; 1 of a file that is gone."""
        file = self._folder / path
        if path not in self._lines:
            text = file.read_text(encoding="utf-8") if file.is_file() else "{}"
            self._lines[path] = locate.lines(text)
        return shown_path(file), locate.line_of(self._lines[path], pointer)


def _report(asked: Asked, base: Snapshot, head: Snapshot) -> Report:
    report = judge(base, head, asked.today)
    if asked.registry_url is None:
        return report
    options = RegistryOptions.from_env(asked.env)
    subject_of = subject_names(options.strategy, TopicNames.from_env(asked.env).events)
    with closing(ConfluentRegistry(asked.registry_url, options)) as client:
        return with_registry(report, base, head, client, subject_of)


def _lint(asked: Asked) -> Iterator[Entry]:
    for found in findings_in(asked.folder, asked.env):
        yield Entry(
            part=Part.LINT,
            level=Level.ERROR if found.severity is Severity.ERROR else Level.WARNING,
            code=found.code,
            path=shown_path(found.path),
            line=found.line,
            pointer=found.pointer,
            message=found.message,
        )


def _unreadable(folder: Path, error: ContractError) -> Entry:
    return Entry(
        part=Part.LINT,
        level=Level.ERROR,
        code="unreadable",
        path=shown_path(folder),
        line=1,
        message=str(error),
    )


def _lock(folder: Path, catalog: Catalog) -> Iterator[Entry]:
    path = lock_path(folder)
    try:
        found = differences(read_lock(path), lock_of(catalog))
    except LockError as error:
        yield _lock_entry(path, 1, str(error))
        return
    if not found:
        return
    if not path.is_file():
        yield _lock_entry(path, 1, "there is no lock file")
        return
    lines = locate.lines(path.read_text(encoding="utf-8"))
    first = found[0].partition(" ")[0]
    yield _lock_entry(path, locate.line_of(lines, f"/contracts/{first}"), "; ".join(found))


def _lock_entry(path: Path, line: int, message: str) -> Entry:
    return Entry(
        part=Part.LOCK,
        level=Level.ERROR,
        code="lock",
        path=shown_path(path),
        line=line,
        message=message,
        way_out=_LOCK,
    )


def _stale(found: Stale) -> Entry:
    return Entry(
        part=Part.GENERATED,
        level=Level.ERROR,
        code="generated",
        path=shown_path(found.path),
        line=found.line,
        message="it is not what the contracts make: one of both was changed without the other",
        way_out=f"`{found.command}` writes it, `ugc check --fix` too",
    )
