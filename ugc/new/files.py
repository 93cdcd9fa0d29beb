"""The files of a new project, as texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from typing import Any

from ugc.project import scaffold

EVENT = "button_click"
"""The example of a project without a plan."""
EXAMPLE: Mapping[str, Any] = {"button": "sign_up", "page": "/pricing"}
"""A payload of it."""

_PLACES: Mapping[str, str] = {
    "AGENTS.md": "AGENTS.md",
    "Dockerfile": "Dockerfile",
    "README.md": "README.md",
    "compose.yaml": "compose.yaml",
    "dockerignore": ".dockerignore",
    "env": ".env",
    "gitignore": ".gitignore",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
    "requirements-server.txt": "requirements-server.txt",
    "requirements.txt": "requirements.txt",
    "ugc.toml": "ugc.toml",
    "vscode-settings.json": ".vscode/settings.json",
    "workflow.yml": ".github/workflows/contracts.yml",
}
"""File in ``template/`` → its place in the project."""

PRIVATE = frozenset({".env"})
"""Files that hold secrets: for their owner alone."""


def project_files(
    *, name: str, owner: str, event: str, payload: Mapping[str, Any], secrets: tuple[str, str]
) -> dict[str, str]:
    """Path in the project → text, of everything but the contracts.

    Args:
        name: the project's.
        owner: who answers for events.
        event: the one that the README sends, with ``payload`` as its data.
        payload: see ``event``.
        secrets: JWT_SECRET and CLICKHOUSE_PASSWORD.
    """
    body = json.dumps({"event": event, "token": None, "data": payload}, ensure_ascii=False)
    words = {
        "@NAME@": name,
        "@OWNER@": owner,
        "@EVENT@": event,
        "@BODY@": body.replace("'", "'\\''"),
        "@REQUIREMENT_LOCAL@": requirement("local"),
        "@REQUIREMENT_SERVER@": requirement("api,etl"),
        "@SECRET@": secrets[0],
        "@PASSWORD@": secrets[1],
    }
    return {place: _filled(source, words) for source, place in _PLACES.items()}


def _filled(source: str, words: Mapping[str, str]) -> str:
    text = (files("ugc.new") / "template" / source).read_text(encoding="utf-8")
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text


def requirement(extras: str) -> str:
    """What pip installs this very ugc-events by, as far as that is no path of this machine.

    Source: PEP 610, the record of an installation from a repository.
    """
    found = distribution("ugc-events")
    recorded = json.loads(found.read_text("direct_url.json") or "{}")
    if vcs := recorded.get("vcs_info"):
        where = f"{vcs['vcs']}+{recorded['url']}@{vcs['commit_id']}"
        return f"ugc-events[{extras}] @ {where}"
    return f"ugc-events[{extras}]=={found.version}"


def example_contracts(owner: str) -> dict[str, str]:
    """Path below the contract folder → text: one event with its examples."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A button was clicked",
        "description": "A visitor clicked a button of a page.",
        "x-owner": owner,
        "x-origin": "client",
        "x-table": {"key": ["page"], "retention_days": 730},
        "x-quality": scaffold.QUALITY,
        "type": "object",
        "additionalProperties": False,
        "required": ["button", "page"],
        "properties": {
            "button": {
                "type": "string",
                "minLength": 1,
                "maxLength": 64,
                "x-categorical": True,
                "description": "The button's name, the same in every language.",
                "examples": ["sign_up", "add_to_cart", "search"],
            },
            "page": {
                "type": "string",
                "minLength": 1,
                "maxLength": 256,
                "description": "Path of the page, without what follows a question mark.",
                "examples": ["/", "/pricing"],
            },
            "position": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "description": "Where it stood among buttons of one name, from 1 on.",
                "examples": [3],
            },
        },
        "examples": [EXAMPLE],
    }
    examples: Mapping[str, Mapping[str, Any]] = {
        "valid/plain.json": EXAMPLE,
        "valid/third_of_a_list.json": {"button": "add_to_cart", "page": "/", "position": 3},
        "invalid/no_page.json": {"button": "sign_up"},
        "invalid/position_is_zero.json": {**EXAMPLE, "position": 0},
        "invalid/unknown_field.json": {**EXAMPLE, "colour": "red"},
    }
    return {
        f"events/{EVENT}/v1.json": scaffold.json_text(document),
        **{
            f"examples/{EVENT}/v1/{name}": scaffold.json_text(payload)
            for name, payload in examples.items()
        },
    }


def write_all(folder: Path, texts: Mapping[str, str]) -> None:
    """Writes files below a folder, those with secrets for their owner alone.

    Raises:
        OSError: one cannot be written.
    """
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600 if name in PRIVATE else 0o666)
        path.write_text(text, encoding="utf-8")
