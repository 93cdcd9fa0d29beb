"""The files of the npm package. Pure, but for reading the bundles that lie beside."""

from __future__ import annotations

from contracts.model.loader import Catalog
from ugc.sdk.files import Files


def package_files(catalog: Catalog) -> Files:
    """Path in the package → content."""
    raise NotImplementedError
