"""What MkDocs does for this project's site beside its own: pages from outside of ``docs/``.

``mkdocs.yml`` names this file.  CHANGELOG.md, CONTRIBUTING.md and SECURITY.md lie where forges look
for them and become pages of the site; every decision has a place in the navigation.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
FROM_OUTSIDE = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")

_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts the decisions behind their index."""
    assert config.nav is not None
    for section in config.nav:
        if "Decisions" in section:
            pages = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
            section["Decisions"] += [f"decisions/{page.name}" for page in pages]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages from outside."""
    for name in FROM_OUTSIDE:
        text = moved((ROOT / name).read_text(encoding="utf-8"))
        files.append(File.generated(config, name.lower(), content=text))
    return files


def moved(text: str) -> str:
    """The text of a page at the root, as one in ``docs/``.

    Links into ``docs/`` and to the pages from outside lead to the site's pages; what has no page is
    named in the text alone.
    """

    def link(match: re.Match[str]) -> str:
        target = match[2]
        page, _, anchor = target.partition("#")
        if ":" in target or not page:
            return match[0]
        if page in FROM_OUTSIDE:
            page = page.lower()
        elif page.startswith("docs/"):
            page = page.removeprefix("docs/")
        else:
            return match[1]
        return f"[{match[1]}]({page}{f'#{anchor}' if anchor else ''})"

    return _LINK.sub(link, text)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Lets a list begin right behind a paragraph, as forges do; code stays as it is."""
    parts = _FENCED.split(markdown)
    return "".join(part if index % 2 else _with_lists(part) for index, part in enumerate(parts))


def _with_lists(text: str) -> str:
    return re.sub(r"(?m)^((?![-*|>#\s]|\d+\.).+)\n(?=(?:[-*] |1\. ))", r"\1\n\n", text)
