"""The code blocks of README.md."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks(language: str) -> list[str]:
    """The texts of all fenced blocks in a language, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def json_blocks() -> list[str]:
    return blocks("json")


def commands() -> list[str]:
    """Every command, one text for each ``bash`` block's line (continued lines joined)."""
    found: list[str] = []
    for block in blocks("bash"):
        pending = ""
        for line in block.splitlines():
            pending = f"{pending}\n{line}" if pending else line
            if pending.count("'") % 2 == 0:
                found.append(pending)
                pending = ""
    return found
