"""Makes the pieces that several commands need, out of environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts.model.loader import Catalog, default_folder, load_catalog
from contracts.settings import Settings


def contracts_folder(env: Mapping[str, str]) -> Path:
    """CONTRACTS_DIR, else the contracts of the project around the working directory."""
    return Settings(env).path("CONTRACTS_DIR") or default_folder()


def catalog_from(env: Mapping[str, str]) -> Catalog:
    """The contracts in that folder.

    Raises:
        ContractError: they cannot be loaded.
    """
    return load_catalog(contracts_folder(env))
