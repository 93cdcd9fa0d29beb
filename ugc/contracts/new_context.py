"""The file of a project's first context, or of its next version, as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts.model.context import FOLDER
from contracts.model.loader import read_context
from ugc.contracts.errors import ScaffoldError, ScaffoldTextError
from ugc.project import scaffold
from ugc.project.context import context_document


def files(folder: Path, owner: str | None, *, next_version: bool) -> Mapping[str, str]:
    """Path below the contract folder → text.

    Raises:
        ScaffoldTextError: the owner is missing, or there is no version to copy.
        ScaffoldError: there is a context already.
        ContractError: the context that there is breaks the dialect.
    """
    context = read_context(folder)
    if next_version:
        if context is None:
            raise ScaffoldTextError("there is no context yet; leave --next-version out")
        path = f"{FOLDER}/v{context.version + 1}.json"
        return {path: scaffold.json_text(context.schema)}
    if context is not None:
        raise ScaffoldError("there is a context already; a change is a new one: --next-version")
    if owner is None:
        raise ScaffoldTextError(
            "write --owner TEAM, or owner in ugc.toml: somebody has to answer for the context"
        )
    return {f"{FOLDER}/v1.json": scaffold.json_text(context_document(owner))}
