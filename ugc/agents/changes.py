"""What the tools say of changes: findings, the verdict, and the files of a new event or version."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts.errors import ContractError
from contracts.lint import Finding, Severity
from contracts.model.loader import copy_contracts, load_catalog
from registry.lock import lock_of, lock_path, lock_text
from ugc.agents.contracts import Contracts, Document
from ugc.agents.errors import ToolRefusedError
from ugc.check.entries import Verdict
from ugc.check.gather import Asked, verdict
from ugc.compatibility.rollout import rollout
from ugc.compatibility.sources import default_reference
from ugc.contracts.judging import findings_in
from ugc.contracts.lint import shown_path
from ugc.contracts.new import new_event_files, next_version_files, owner_of_project
from ugc.project.folder import contract_named
from ugc.project.scaffold import json_text

_MOST_CHARACTERS = 200_000


class Changes:
    """Judges in copies of the contract folder; writes into it only where that is allowed."""

    def __init__(
        self, contracts: Contracts, env: Mapping[str, str], *, allow_writing: bool = False
    ) -> None:
        self._contracts = contracts
        self._env = env
        self._allow_writing = allow_writing

    def lint(self) -> Document:
        """Every finding of the folder as it is."""
        return _found(findings_in(self._contracts.folder, self._env), self._contracts.folder)

    def check(self, against: str | None) -> Document:
        """The verdict on the folder as it is, against a reference of git.

        Raises:
            SourceError: there is no such reference, or no repository.
        """
        if against is not None and (against.startswith("-") or "/" in against[:1] + against[-1:]):
            raise ToolRefusedError(f"{against!r} is no name of a branch, tag or commit")
        folder = self._contracts.folder
        return self._judged(folder, against or default_reference(folder, self._env))

    def check_version(self, event: str, schema: Mapping[str, Any]) -> Document:
        """The verdict on a schema as the next version of an event; nothing is written."""
        contract_named(self._contracts.catalog(), event)
        name, _, _ = event.partition("@")
        return self._tried(self._next(name, schema))

    def propose(
        self,
        event: str,
        *,
        title: str | None,
        description: str | None,
        owner: str | None,
        fields: tuple[str, ...],
        schema: Mapping[str, Any] | None,
        write: bool,
    ) -> Document:
        """The files of a new event, or of an event's next version, with the verdict on them.

        They are written where ``write`` asks for it, the server allows it, and no mistake is left.
        """
        if write and not self._allow_writing:
            raise ToolRefusedError(
                "this server only reads: put the files there yourself, or let a person start it"
                " with `ugc mcp --allow-writing`"
            )
        folder = self._contracts.folder
        if event in self._contracts.catalog().versions:
            files = self._next(event, schema)
        else:
            answers = owner or owner_of_project()
            made = new_event_files(folder, event, answers, title, description, fields)
            files = dict(made)
            if schema is not None:
                files[f"events/{event}/v1.json"] = _text(schema)
        told = self._tried(files)
        is_written = write and bool(told["ok"])
        if is_written:
            _write(folder, files)
        return {**told, "files": files, "written": is_written}

    def _next(self, event: str, schema: Mapping[str, Any] | None) -> dict[str, str]:
        files = dict(next_version_files(self._contracts.folder, event))
        if schema is not None:
            newest = self._contracts.catalog().get(event).version
            files[f"events/{event}/v{newest + 1}.json"] = _text(schema)
        return files

    def _tried(self, files: Mapping[str, str]) -> Document:
        """The verdict on the folder with these files in it, against the folder as it is."""
        folder = self._contracts.folder
        with tempfile.TemporaryDirectory(prefix="ugc-mcp-") as beside:
            copy = copy_contracts(folder, Path(beside) / folder.name)
            _write(copy, files)
            try:
                catalog = load_catalog(copy, self._contracts.naming)
            except ContractError:
                pass  # the findings say what is wrong
            else:
                # Writing the lock comes after the verdict; a stale one is no mistake of a proposal.
                lock_path(copy).write_text(lock_text(lock_of(catalog)), encoding="utf-8")
            return self._judged(copy, str(folder.resolve()))

    def _judged(self, folder: Path, against: str) -> Document:
        today = dt.datetime.now(dt.UTC).date()
        asked = Asked(folder=folder, against=against, env=self._env, today=today)
        told = _verdict(verdict(asked))
        for entry in told["entries"]:
            entry["path"] = _below(Path(entry["path"]), folder)
        return told


def _verdict(found: Verdict) -> Document:
    # By way of JSON, so that enumerations and dates are plain texts.
    plain = json.loads(
        json.dumps([dataclasses.asdict(entry) for entry in found.entries], default=str)
    )
    return {
        "ok": found.is_ok,
        "entries": plain,
        "statements": [each for event in found.report.events for each in event.statements],
        "rollout": list(rollout(found.report)) if found.is_ok else [],
    }


def _found(findings: tuple[Finding, ...], folder: Path) -> Document:
    return {
        "ok": all(each.severity is not Severity.ERROR for each in findings),
        "findings": [
            {
                "path": _below(Path(shown_path(each.path)), folder),
                "line": each.line,
                "pointer": each.pointer,
                "code": each.code,
                "severity": str(each.severity),
                "message": each.message,
            }
            for each in findings
        ],
    }


def _below(path: Path, folder: Path) -> str:
    """A path as seen from the contract folder, so that none of this machine is told."""
    whole = path.resolve()
    top = folder.resolve()
    return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else path.name


def _text(schema: Mapping[str, Any]) -> str:
    text = json_text(schema)
    if len(text) > _MOST_CHARACTERS:
        raise ToolRefusedError(f"a schema has at most {_MOST_CHARACTERS} characters here")
    return text


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Writes files that are not there yet; their names are made of checked names of events."""
    for name, text in files.items():
        path = folder / name
        if path.exists():
            raise ToolRefusedError(f"{name} exists already")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
