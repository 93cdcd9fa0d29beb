"""The one place where a JSON name becomes an identifier that Avro and ClickHouse both carry.

Avro allows ``[A-Za-z_][A-Za-z0-9_]*`` (specification 1.12, "Names").  A name of that form stays
as it is, unless it looks like an escaped one.  Every other character becomes ``_xHEX_``, so the
way back is exact.
"""

from __future__ import annotations

import re

_LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ESCAPE = re.compile(r"_x([0-9a-f]+)_")
_EMPTY = "_x_"
AVRO_TYPES = frozenset(
    {
        *("null", "boolean", "int", "long", "float", "double", "bytes", "string"),
        *("record", "error", "enum", "array", "map", "fixed", "union", "error_union", "request"),
    }
)


def identifier(json_name: str) -> str:
    """The identifier for a JSON property name; distinct names give distinct identifiers."""
    if _LEGAL.fullmatch(json_name) and not _ESCAPE.search(json_name) and json_name != _EMPTY:
        return json_name
    if json_name == "":
        return _EMPTY
    return "".join(_encode(index, char, json_name) for index, char in enumerate(json_name))


def type_name(name: str) -> str:
    """The name of an Avro type for an identifier.

    It differs where Avro has a type of that name, whatever the namespace: the ``avro`` package
    takes a record ``null`` in a union for ``null`` itself.
    """
    return f"_x{ord(name[0]):x}_{name[1:]}" if name in AVRO_TYPES else name


def original_name(name: str) -> str:
    """The JSON property name that :func:`identifier` turned into ``name``."""
    if name == _EMPTY:
        return ""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name)


def _encode(index: int, char: str, whole: str) -> str:
    legal = char.isascii() and (char.isalpha() or (char.isdigit() and index > 0))
    if legal or (char == "_" and not whole.startswith("x", index + 1)):
        return char
    return f"_x{ord(char):x}_"
