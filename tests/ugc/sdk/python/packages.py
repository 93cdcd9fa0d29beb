"""Packages for tests: made of a catalog, and put where Python finds them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from contracts.model.loader import Catalog
from contracts.naming import Naming
from ugc.sdk.files import write_package
from ugc.sdk.python.package import package_files


def named(catalog: Catalog, database: str) -> Catalog:
    """The same contracts in a project of another name."""
    return replace(catalog, naming=Naming(database=database))


def put_package(catalog: Catalog, folder: Path) -> Path:
    """Makes the package in ``folder``; that is what belongs into Python's path."""
    into = folder / catalog.naming.database
    write_package(into, package_files(catalog))
    return into
