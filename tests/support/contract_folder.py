"""A contract folder of a test's own, to break."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts.model.loader import copy_contracts, default_folder

CLICK = "events/element_click/v1.json"
VIEW = "events/page_view/v1.json"


def copy_of_contracts(folder: Path) -> Path:
    """The project's contract files, without the code beside them."""
    return copy_contracts(default_folder(), folder / "contracts")


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edits the JSON object in a file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    edit(document)
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
