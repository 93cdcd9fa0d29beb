"""The contracts of a web shop, as another company's project would have them."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from contracts.model.loader import Catalog, load_catalog, package_folder

SHOP = Path(__file__).parents[1] / "shop" / "contracts"


def shop_contracts(folder: Path) -> Path:
    """A folder of contracts in ``folder``: the shop's events and the service's own envelopes."""
    contracts = Path(shutil.copytree(SHOP, folder / "contracts"))
    shutil.copytree(package_folder() / "envelopes", contracts / "envelopes")
    return contracts


@cache
def shop_catalog() -> Catalog:
    """The same, loaded."""
    with tempfile.TemporaryDirectory() as folder:
        return load_catalog(shop_contracts(Path(folder)))
