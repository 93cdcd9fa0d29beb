"""Workflow commands by which a GitHub job annotates a pull request. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def annotation(level: str, text: str, properties: Mapping[str, object]) -> str:
    """One annotation, as a line of output without its end.

    ``::error file=a.json,line=3,title=name-missing::/: it has no name``, see
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions.

    Args:
        level: ``error``, ``warning`` or ``notice``.
        text: what it says; may have several lines.
        properties: ``title``, ``file`` (relative to the repository), ``line``.
    """
    where = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{level} {where}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
