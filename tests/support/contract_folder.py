"""A contract folder of a test's own, to break."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from contracts.model.loader import Catalog, copy_contracts, default_folder, load_catalog

CLICK = "events/element_click/v1.json"
VIEW = "events/page_view/v1.json"


def copy_of_contracts(folder: Path) -> Path:
    """The project's contract files, without the code beside them."""
    return copy_contracts(default_folder(), folder / "contracts")


def copy_without_context(folder: Path) -> Path:
    """The project's contracts as they would be if events were sent with nothing but their data."""
    contracts = copy_of_contracts(folder)
    shutil.rmtree(contracts / "context")
    change(contracts / VIEW, lambda document: document["x-pairing"].pop("duration_from"))
    return contracts


@cache
def catalog_without_context() -> Catalog:
    """Loaded once, since nothing changes it."""
    with TemporaryDirectory() as folder:
        return load_catalog(copy_without_context(Path(folder)))


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edits the JSON object in a file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    edit(document)
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
