"""Texts in tables of Markdown."""

from __future__ import annotations

import re

_MENTION = re.compile(r"(?<!\w)@")


def cell(text: str) -> str:
    """A text as one cell, on one line."""
    return text.replace("|", "\\|").replace("\n", " ")


def inert(text: str) -> str:
    """A stranger's text inside of a sentence: no HTML, no picture or link, nobody is mentioned."""
    without_markup = text.replace("<", "&lt;").replace("](", "]\\(").replace("\n", " ")
    return _MENTION.sub("@\u2060", without_markup)
