"""The contracts at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.model.loader import Catalog


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All contracts; ``documents`` are the version files, as JSON, by path in the folder."""

    catalog: Catalog
    documents: Mapping[str, Any]
