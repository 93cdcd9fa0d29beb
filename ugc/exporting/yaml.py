"""Values as YAML 1.2 in block style, which is read the same as YAML 1.1. Pure.

Texts stand in double quotes unless they are plain words, so that no ``no``, date or number is made
of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(?: [A-Za-z_][A-Za-z0-9_.-]*)*", re.ASCII)
_MEANING_SOMETHING = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\U00010000-\U0010ffff]")


def dumped(document: Any) -> str:
    """The document, ended by a line break.

    Args:
        document: what JSON has; keys are texts.
    """
    return "\n".join(_lines(document)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    match value:
        case dict() if value:
            for key, inner in value.items():
                if isinstance(inner, dict | list) and inner:
                    yield f"{_scalar(key)}:"
                    yield from (f"  {line}" for line in _lines(inner))
                else:
                    yield f"{_scalar(key)}: {_scalar(inner)}"
        case list() if value:
            for inner in value:
                first, *rest = _lines(inner)
                yield f"- {first}"
                yield from (f"  {line}" for line in rest)
        case _:
            yield _scalar(value)


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _WORD.fullmatch(value) and value.lower() not in _MEANING_SOMETHING:
        return value
    return _UNPRINTABLE.sub(_escaped, json.dumps(value, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
