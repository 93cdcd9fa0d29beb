"""A page as a browser reads it: its text, links, anchors and what it would load."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = frozenset({"meta", "link", "input", "wbr", "br", "path", "rect", "line"})


class Read(HTMLParser):
    """``unbalanced`` are tags that are not closed in the order in which they were opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: list[str] = []
        self.tags: list[str] = []
        self.headings: list[int] = []
        self.codes: dict[str, list[str]] = {}
        self.unbalanced: list[str] = []
        self.inline: list[str] = []
        self._open: list[str] = []
        self._code: list[str] | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "a":
            self.links.append(found.get("href") or "")
        elif source := found.get("src") or found.get("href"):
            self.loaded.append(source)
        if "id" in found:
            self.anchors.append(found["id"] or "")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        self.inline += [name for name in found if name.startswith("on") or name == "style"]
        if tag == "pre" and "data-language" in found:
            self._code = self.codes.setdefault(found["data-language"] or "", [])
            self._code.append("")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)
        if tag == "pre":
            self._code = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._code is not None:
            self._code[-1] += data
