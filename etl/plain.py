"""Records as a JSON document holds them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def plain(value: object) -> Any:
    """Records and mappings of any kind as dicts, tuples and lists as lists; all else as it is.

    ``dataclasses.asdict`` makes a mapping anew by its own type, which a ``Counter`` does not bear.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    match value:
        case Mapping():
            return {key: plain(each) for key, each in value.items()}
        case tuple() | list():
            return [plain(each) for each in value]
        case _:
            return value
