"""Texts in tables of Markdown."""

from __future__ import annotations


def cell(text: str) -> str:
    """A text as one cell, on one line."""
    return text.replace("|", "\\|").replace("\n", " ")
