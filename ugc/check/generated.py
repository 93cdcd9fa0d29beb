"""The files that a project commits and that are made from its contracts.

Each is looked for at one place beside the contract folder.  A file that begins otherwise than what
would be made is somebody's own, and one that is not there is not missed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from ch_schema.ddl.dictionary import dictionary
from contracts.model.loader import Catalog
from contracts.visible import visible
from registry.asyncapi import asyncapi_document
from registry.options import RegistryOptions
from registry.topics import TopicNames
from ugc.contracts.owners import code_owners
from ugc.project.tables import INTERNAL
from ugc.quality.alerts import render as alerts

_TEAM = re.compile(r"^/\S+ @([^/\s]+)/", re.MULTILINE)
_HEAD_LINES = 2


@dataclass(frozen=True, slots=True)
class Source:
    """What is asked to make a file: contracts, their folder's name, and the variables."""

    catalog: Catalog
    folder_name: str
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stale:
    """A file that is not what would be made. ``line`` is the first that differs."""

    path: Path
    line: int
    wanted: str
    command: str


def stale_files(root: Path, source: Source) -> Iterator[Stale]:
    """Generated files below ``root`` that differ from what the contracts make."""
    for where, (make, command) in _MAKERS.items():
        path = root / where
        if not path.is_file():
            continue
        found = path.read_text(encoding="utf-8")
        wanted = visible(make(source, found))  # as its command prints it
        if found == wanted or _head(found) != _head(wanted):
            continue
        yield Stale(path, _first_difference(found, wanted), wanted, f"{command} > {where}")


def _head(text: str) -> list[str]:
    return text.splitlines()[:_HEAD_LINES]


def _first_difference(found: str, wanted: str) -> int:
    pairs = zip_longest(found.splitlines(), wanted.splitlines())
    last = max(1, len(found.splitlines()))
    return min(last, next((n for n, (a, b) in enumerate(pairs, start=1) if a != b), last))


def _owners(source: Source, found: str) -> str:
    """For the organization that the file names already."""
    team = _TEAM.search(found)
    return code_owners(source.catalog, source.folder_name, team[1] if team else None)


def _dictionary(source: Source, _found: str) -> str:
    return dictionary(source.catalog, INTERNAL)


def _alerts(source: Source, _found: str) -> str:
    return alerts(source.catalog)


def _asyncapi(source: Source, found: str) -> str:
    """For the topic that the file names already."""
    try:
        topic = str(json.loads(found)["channels"]["events"]["address"])
    except (ValueError, KeyError, TypeError):
        topic = TopicNames.from_env(source.env).events
    strategy = RegistryOptions.from_env(source.env).strategy
    document = asyncapi_document(source.catalog, topic=topic, strategy=strategy)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


_MAKERS: Mapping[str, tuple[Callable[[Source, str], str], str]] = {
    ".github/CODEOWNERS": (_owners, "ugc contracts owners"),
    "deploy/alerts.yml": (_alerts, "ugc quality alerts"),
    "docs/asyncapi.json": (_asyncapi, "ugc asyncapi"),
    "docs/data-dictionary.md": (_dictionary, "ugc schema dictionary"),
}
"""Place below the project's folder → what makes the file, and the command that prints it."""
