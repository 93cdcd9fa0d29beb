"""``ugc contracts owners``: who looks at a change of which contract, as GitHub's CODEOWNERS."""

from __future__ import annotations

from pathlib import Path

import click

from contracts.model.context import FOLDER as CONTEXT
from contracts.model.loader import Catalog, load_catalog
from contracts.model.shared import FOLDER
from ugc.exits import PLAIN_EPILOG
from ugc.project.folder import folder_option
from ugc.terminal import say

_HEAD = """\
# Who looks at a change of which contract: `x-owner` of the newest version of each event.
# Generated; `make generate` writes it.
"""


@click.command(name="owners", epilog=PLAIN_EPILOG)
@click.option(
    "--organization",
    metavar="NAME",
    help="GitHub organization whose teams the owners are.  [default: owners are accounts]",
)
@folder_option
def owners(organization: str | None, folder: Path) -> None:
    """Print GitHub's CODEOWNERS file, made from the contracts' x-owner.

    \b
    Examples:
      ugc contracts owners > .github/CODEOWNERS
      ugc contracts owners --organization example
    """
    inside = folder.resolve()
    here = Path.cwd()
    where = inside.relative_to(here).as_posix() if inside.is_relative_to(here) else folder.name
    say(code_owners(load_catalog(folder), where, organization).removesuffix("\n"))


def code_owners(catalog: Catalog, folder: str, organization: str | None = None) -> str:
    """The text of CODEOWNERS: lines for each event's contracts and examples, and what is shared.

    ``folder`` is where the contracts are, seen from the repository's root.  An owner is written as
    ``@owner``, or as the team ``@organization/owner`` (GitHub, "About code owners").
    """
    team = f"@{organization}/" if organization else "@"
    lines = [
        f"/{folder}/{kind}/{contract.event}/ {team}{contract.owner}"
        for contract in sorted(catalog.newest, key=lambda each: each.event)
        for kind in ("events", "examples")
    ]
    newest = dict(sorted(catalog.shared.documents.items()))
    owners = {name: document["x-owner"] for (name, _), document in newest.items()}
    lines += [f"/{folder}/{FOLDER}/{name}/ {team}{owner}" for name, owner in owners.items()]
    if catalog.context is not None and catalog.context.is_sent:
        lines.append(f"/{folder}/{CONTEXT}/ {team}{catalog.context.schema['x-owner']}")
    return _HEAD + "\n".join(lines) + "\n"
