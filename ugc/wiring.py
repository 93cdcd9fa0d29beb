"""Makes the pieces that several commands need, out of environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts.model.loader import Catalog, load_catalog


def catalog_from(env: Mapping[str, str]) -> Catalog:
    """The contracts in CONTRACTS_DIR, else of the project around the working directory."""
    folder = env.get("CONTRACTS_DIR", "").strip()
    return load_catalog(Path(folder) if folder else None)
