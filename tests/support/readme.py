"""The code blocks of README.md and of the pages of ``docs/``, and how their commands are run."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = "README.md"
COMMAND_SECONDS = 90


def blocks(language: str, page: str = README) -> list[str]:
    """The texts of all fenced blocks in a language, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def json_blocks(page: str = README) -> list[str]:
    return blocks("json", page)


def commands(page: str = README) -> list[str]:
    """Every command, one text for each ``bash`` block's line (continued lines joined)."""
    found: list[str] = []
    for block in blocks("bash", page):
        pending = ""
        for line in block.splitlines():
            pending = f"{pending}\n{line}" if pending else line
            if pending.count("'") % 2 == 0:
                found.append(pending)
                pending = ""
    return found


def shell(script: str, *, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a script of a page; ``ugc`` and ``.venv/bin/ugc`` in it are the program under test."""
    own = f"{sys.executable} -m ugc"
    return subprocess.run(
        ["bash", "-c", f'ugc() {{ {own} "$@"; }}\n{script.replace(".venv/bin/ugc", own)}'],
        cwd=cwd,
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
