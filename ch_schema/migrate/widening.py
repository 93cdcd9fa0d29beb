"""Whether each value of one column type is a value of another, and what old rows would say. Pure.

``ALTER TABLE … MODIFY COLUMN`` converts tuples by the names of their elements, inside of arrays
too: an element that is new gets its type's default.  So it may be one that says nothing then: NULL,
or empty beside a mark (:mod:`ch_schema.ddl.leaves`) that says absent.
"""

from __future__ import annotations

from collections.abc import Collection

from ch_schema.ddl.leaves import MARK, SEPARATOR
from ch_schema.values import is_nullable, split_type, tuple_elements


def widens(old: str, new: str) -> bool:
    """Whether ``new`` is ``old``, or the same with NULL in more places, decimals of more digits, or
    tuples of more elements."""
    match split_type(old), split_type(new):
        case (one, other) if one == other:
            return True
        case (("Nullable", (inner,)), ("Nullable", (becomes,))):
            return widens(inner, becomes)
        case (_, ("Nullable", (becomes,))):
            return widens(old, becomes)
        case (("LowCardinality" | "Array" as outer, (inner,)), (name, (becomes,))):
            return name == outer and widens(inner, becomes)
        case (("Decimal", (digits, scale)), ("Decimal", (more, other_scale))):
            return scale == other_scale and int(digits) <= int(more)
        case (("Map", (key, inner)), ("Map", (other_key, becomes))):
            return key == other_key and widens(inner, becomes)
        case (("Tuple", elements), ("Tuple", others)):
            return _tuple_widens(dict(tuple_elements(elements)), dict(tuple_elements(others)))
        case _:
            return False


def _tuple_widens(old: dict[str, str], new: dict[str, str]) -> bool:
    kept = all(name in new and widens(kind, new[name]) for name, kind in old.items())
    return kept and all(
        is_nullable(kind) or _is_new_mark(name, kind, old) or is_told_absent(name, kind, old, new)
        for name, kind in new.items()
        if name not in old
    )


def marked(name: str, type_text: str) -> str | None:
    """What a mark is about; ``None`` for what is no mark."""
    return name.removesuffix(MARK) if name.endswith(MARK) and type_text == "Bool" else None


def is_told_absent(name: str, type_text: str, old: Collection[str], new: Collection[str]) -> bool:
    """Whether a new list or map is empty in old rows, where a mark that is new too says absent."""
    kind, _ = split_type(type_text)
    if kind not in ("Array", "Map"):
        return False
    parts = name.split(SEPARATOR)
    around = (SEPARATOR.join(parts[:count]) for count in range(len(parts), 0, -1))
    return any(
        f"{each}{MARK}" in new and _is_new_mark(f"{each}{MARK}", "Bool", old) for each in around
    )


def _is_new_mark(name: str, type_text: str, old: Collection[str]) -> bool:
    """Whether false is true of all old rows: they know nothing of what the mark is about."""
    about = marked(name, type_text)
    if about is None or name in old:
        return False
    return about not in old and not any(each.startswith(f"{about}{SEPARATOR}") for each in old)


def without_dictionaries(type_text: str) -> str:
    """The type that holds the same values without a dictionary."""
    match split_type(type_text):
        case ("LowCardinality", (inner,)):
            return without_dictionaries(inner)
        case ("Tuple", elements):
            inner_types = (
                f"{name} {without_dictionaries(kind)}" for name, kind in tuple_elements(elements)
            )
            return f"Tuple({', '.join(inner_types)})"
        case (name, arguments) if name in ("Nullable", "Array", "Map"):
            return f"{name}({', '.join(map(without_dictionaries, arguments))})"
        case _:
            return type_text


def as_text(type_text: str) -> str:
    """A stored UUID converts to its text, and no value is lost; the way back is not so sure."""
    return type_text.replace("UUID", "String")
