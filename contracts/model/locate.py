"""Where in a JSON file a JSON pointer (RFC 6901) leads. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from contracts.model.pointer import escape

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|\n|[^\s{}\[\],:"]+')


def lines(text: str) -> Mapping[str, int]:
    """Every pointer of the JSON document ``text`` with its line, counted from 1.

    A member of an object is where its key stands, an item of a list where its value begins.
    """
    found: dict[str, int] = {"": 1}
    path: list[_Level] = []
    line = 1
    for match in _TOKEN.finditer(text):
        match lexeme := match[0]:
            case "\n":
                line += 1
            case "{" | "[":
                _arrive(path, found, line)
                path.append(_Level(is_list=lexeme == "["))
            case "}" | "]":
                path.pop()
            case ",":
                path[-1].after_comma()
            case ":":
                path[-1].expects_key = False
            case _ if path and path[-1].expects_key:
                path[-1].part = escape(json.loads(lexeme))
                found[_pointer(path)] = line
            case _:
                _arrive(path, found, line)
    return found


def line_of(lines_by_pointer: Mapping[str, int], pointer: str) -> int:
    """The line of ``pointer``, or of the nearest value around it when it leads to nothing."""
    while pointer not in lines_by_pointer:
        pointer = pointer.rpartition("/")[0]
    return lines_by_pointer[pointer]


class _Level:
    """One open object or list, and the member of it that is being read."""

    def __init__(self, *, is_list: bool) -> None:
        self.is_list = is_list
        self.expects_key = not is_list
        self.part = "0"

    def after_comma(self) -> None:
        if self.is_list:
            self.part = str(int(self.part) + 1)
        else:
            self.expects_key = True


def _arrive(path: list[_Level], found: dict[str, int], line: int) -> None:
    if path and path[-1].is_list:
        found[_pointer(path)] = line


def _pointer(path: list[_Level]) -> str:
    return "".join(f"/{level.part}" for level in path)
