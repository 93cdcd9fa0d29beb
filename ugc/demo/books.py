"""Holds what the API accepted against what the loader did and what the tables hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """Two figures that have to be equal, and how each was counted."""

    name: str
    left: int
    left_counts: str
    right: int
    right_counts: str

    @property
    def balanced(self) -> bool:
        """Whether nothing was lost and nothing doubled."""
        return self.left == self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Sums over the loader's runs, for all events together, and what still waits at the end."""

    consumed: int
    loaded: int
    paired: int
    unpaired: int
    duplicates: int
    orphan_ends: int
    dead: int
    starts_waiting: int
    ends_waiting: int
