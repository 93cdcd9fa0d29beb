"""Makes the pieces that several commands need, out of environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts.model.loader import Catalog, default_folder, load_catalog
from contracts.naming import Naming
from contracts.project import with_project
from contracts.settings import Settings
from ugc.environment import own_environment


def contracts_folder(env: Mapping[str, str]) -> Path:
    """CONTRACTS_DIR, else that of the project file, else the contracts around this folder.

    Raises:
        SettingError: the project file is wrong.
    """
    return Settings(with_project(env)).path("CONTRACTS_DIR") or default_folder()


def catalog_from(env: Mapping[str, str]) -> Catalog:
    """The contracts in that folder, and the project's names.

    Raises:
        ContractError: they cannot be loaded.
        SettingError: a name is none.
    """
    return load_catalog(contracts_folder(env), Naming.from_env(with_project(env)))


def own_naming() -> Naming:
    """The names of the project that a command works on, for one that asks no part.

    Raises:
        SettingError: a name is none.
    """
    return Naming.from_env(own_environment())


def own_catalog(folder: Path) -> Catalog:
    """The contracts in a folder, with those names.

    Raises:
        ContractError: they cannot be loaded.
        SettingError: a name is none.
    """
    return load_catalog(folder, own_naming())
