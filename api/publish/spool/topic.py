"""Which topic the events of a spool's folder are for: a record itself does not say.

Two projects that were given one folder by mistake would send each other's events.
"""

from __future__ import annotations

from pathlib import Path

from api.publish.spool import slots

FILE = "topic"


def claim(root: Path, topic: str) -> str | None:
    """Notes that the folder is for ``topic``; gives the topic that it is for already, if another.

    A folder of which nothing waits and that no living process uses is given over.

    Raises:
        OSError: the folder cannot be used.
    """
    root.mkdir(parents=True, exist_ok=True)
    file = root / FILE
    known = file.read_text(encoding="utf-8").strip() if file.exists() else ""
    if known == topic:
        return None
    if known and slots.in_use(root):
        return known
    draft = file.with_name(f"{FILE}.draft")
    draft.write_text(f"{topic}\n", encoding="utf-8")
    draft.replace(file)
    return None
