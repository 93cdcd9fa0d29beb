"""Which schemas a round trip is asked for, and with which instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from contracts.model import json_text
from ugc.errors import UgcError

_LINES = frozenset({".jsonl", ".ndjson"})


class CaseError(UgcError):
    """An input file or folder cannot be read; the text says which, and why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One schema. ``valid`` is ``None`` when its instances have to be generated.

    ``problem`` says why there is no schema; the other cases of the same input are not touched.
    """

    id: str
    schema: Any = None
    valid: tuple[Any, ...] | None = None
    problem: str | None = field(default=None, kw_only=True)


DRAFTS = {
    "4": "http://json-schema.org/draft-04/schema#",
    "6": "http://json-schema.org/draft-06/schema#",
    "7": "http://json-schema.org/draft-07/schema#",
    "2019-09": "https://json-schema.org/draft/2019-09/schema",
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
}
"""Short name of a draft → its ``$schema``."""


def cases_in(path: Path, instances: Path | None, draft: str | None = None) -> list[Case]:
    """The cases of a schema file, a folder of them, or a file of cases in lines.

    A schema without ``$schema`` gets that of ``draft``, one of :data:`DRAFTS`, if given.

    Raises:
        CaseError: an input is missing or cannot be read, or ``instances`` are given for more than
            one schema.
    """
    if path.is_dir():
        files = sorted(inner for inner in path.rglob("*") if inner.suffix in _LINES | {".json"})
        found = [case for inner in files for case in _in_file(inner, path)]
    else:
        found = list(_in_file(path, path.parent))
    if not found:
        raise CaseError(f"{path} holds no schema")
    if draft is not None:
        found = [_of_draft(case, DRAFTS[draft]) for case in found]
    if instances is None:
        return found
    if len(found) != 1:
        raise CaseError("--instances belong to one schema, and there are several")
    return [Case(found[0].id, found[0].schema, _lines_of(instances), problem=found[0].problem)]


def _of_draft(case: Case, draft: str) -> Case:
    if not isinstance(case.schema, dict) or "$schema" in case.schema:
        return case
    return replace(case, schema={"$schema": draft, **case.schema})


def _in_file(path: Path, folder: Path) -> Iterator[Case]:
    name = path.relative_to(folder).as_posix()
    if path.suffix not in _LINES:
        yield _schema(name, _text(path))
        return
    for number, line in _numbered(path):
        yield _line(f"{name}:{number}", line)


def _schema(name: str, text: str) -> Case:
    try:
        return Case(name, json_text.parse(text))
    except ValueError as error:
        return Case(name, problem=f"it is not JSON: {error}")


def _line(place: str, line: str) -> Case:
    try:
        found = json_text.parse(line)
    except ValueError as error:
        return Case(place, problem=f"it is not JSON: {error}")
    if not isinstance(found, dict) or "schema" not in found:
        return Case(place, problem='it is no object with "schema"')
    valid = found.get("valid")
    if valid is not None and not isinstance(valid, list):
        return Case(place, problem='"valid" is no list')
    return Case(
        str(found.get("id", place)), found["schema"], None if valid is None else tuple(valid)
    )


def _lines_of(path: Path) -> tuple[Any, ...]:
    found = []
    for number, line in _numbered(path):
        try:
            found.append(json_text.parse(line))
        except ValueError as error:
            raise CaseError(f"{path}:{number} is not JSON: {error}") from error
    return tuple(found)


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    # Not splitlines(): U+2028 and its like may stand inside a JSON string.
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            yield number, line


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CaseError(f"{path} is not UTF-8") from error
