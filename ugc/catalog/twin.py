"""A page as Markdown, for programs that read: the same words, tables, links and code. Pure.

It is made of the page itself, so nothing can be on one and not on the other.  The page is this
package's own: every text in it is escaped, so a pattern finds its tags where a parser of HTML in
Python takes eight times as long.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping

_PIECE = re.compile(r"<(/?)([a-z0-9]+)([^>]*)>|([^<]+)")
_HREF = re.compile(r'href="([^"]*)"')
_SPECIAL = re.compile(r"([\\`*\[\]<>#|~]|&(?=[#A-Za-z])|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z]))")
_TICKS = re.compile("`+")
_SKIPPED = frozenset({"form", "nav", "noscript", "script", "svg"})
_BLOCKS = frozenset({"details", "div", "dl", "section", "table"})
_HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### "}
INDEX, TWIN = "index.html", "index.md"


def markdown(page: str) -> str:
    """What stands between ``<main>`` and ``</main>``."""
    main = page.partition('<main id="main">')[2].partition("</main>")[0]
    writing = _Writing()
    main = main.replace("<wbr>", "")  # names stay whole
    for closes, tag, attributes, text in _PIECE.findall(main):
        if text:
            writing.text(html.unescape(text))
        elif closes:
            writing.close(tag)
        else:
            writing.open(tag, attributes)
    return writing.whole()


class _Writing:
    """Blocks that are done, and the pieces of the line that is being written."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._line: list[str] = []
        self._prefix = ""
        self._skipped: str | None = None
        self._lists = 0
        self._cells: list[str] | None = None
        self._is_head = False
        self._raw: list[str] | None = None
        self._is_block = False
        self._link: str | None = None

    def whole(self) -> str:
        """The text; blocks of one list or table stand together."""
        self._flush()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._blocks)).strip() + "\n"

    def text(self, text: str) -> None:
        if self._skipped == "title":
            self._blocks += ["", _plain(text), ""]
        elif self._skipped is None:
            if self._raw is not None:
                self._raw.append(text)
            else:
                self._line.append(" " if text.isspace() else _plain(text))

    def open(self, tag: str, attributes: str) -> None:
        if self._skipped is not None:
            # What a picture says stands in its title.
            self._skipped = "title" if tag == "title" else self._skipped
        elif tag in _SKIPPED:
            self._skipped = tag
        elif tag in _HEADINGS:
            self._begin(_HEADINGS[tag])
        elif tag == "a":
            found = _HREF.search(attributes)
            self._link = _twin_of(html.unescape(found[1])) if found else None
            if self._link is not None:
                self._line.append("[")
        elif tag == "code" and self._raw is None:
            self._raw = []
        elif tag == "pre":
            self._flush()
            self._raw, self._is_block = [], True
        elif tag == "span" and 'class="mark' in attributes:
            self._line.append(" · ")
        elif action := _OPENING.get(tag):
            action(self)
        elif tag in _BLOCKS:
            self._flush()

    def close(self, tag: str) -> None:
        if self._skipped is not None:
            if tag == "title":
                self._skipped = "svg"
            elif tag == self._skipped:
                self._skipped = None
        elif tag == "a":
            if self._link is not None:
                self._line.append(f"]({self._link})")
            self._link = None
        elif tag == "pre":
            self._blocks += ["", _fenced("".join(self._raw or ())), ""]
            self._raw, self._is_block = None, False
        elif tag == "code" and self._raw is not None and not self._is_block:
            self._end_code()
        elif tag in _HEADINGS:
            self._flush(around=True)
        elif action := _CLOSING.get(tag):
            action(self)
        elif tag in _BLOCKS:
            self._flush()
            if tag != "div":  # one of a list of facts
                self._blocks.append("")

    def _end_code(self) -> None:
        assert self._raw is not None
        said = " ".join("".join(self._raw).split())
        self._raw = None
        if said:
            ticks = "`" * (1 + max((len(each) for each in _TICKS.findall(said)), default=0))
            pad = " " if said[0] == "`" or said[-1] == "`" else ""
            cell = said.replace("|", "\\|") if self._cells is not None else said
            self._line.append(f"{ticks}{pad}{cell}{pad}{ticks}")

    def _begin(self, prefix: str) -> None:
        self._flush()
        self._prefix = prefix

    def _flush(self, *, around: bool = False) -> None:
        text = " ".join("".join(self._line).split())
        self._line = []
        if text and self._cells is not None:
            self._line = [text, " "]
        elif text:
            line = f"{self._prefix}{text}"
            self._blocks += ["", line, ""] if around else [line]
            self._prefix = ""

    def _paragraph(self) -> None:
        if self._cells is None and not self._lists:
            self._flush(around=True)

    def _open_list(self) -> None:
        self._flush()
        self._lists += self._cells is None

    def _close_list(self) -> None:
        self._flush()
        self._lists -= self._cells is None
        if not self._lists and self._cells is None:
            self._blocks.append("")

    def _open_item(self) -> None:
        if self._cells is None:
            self._begin("  " * (self._lists - 1) + "- ")

    def _close_item(self) -> None:
        if self._cells is None:
            self._flush()
        else:
            self._line.append("; ")

    def _row(self) -> None:
        self._flush()
        self._cells = []

    def _head(self) -> None:
        self._is_head = True

    def _end_cell(self) -> None:
        assert self._cells is not None
        self._cells.append(" ".join("".join(self._line).split()).removesuffix(";"))
        self._line = []

    def _end_row(self) -> None:
        cells, self._cells = self._cells or [], None
        self._blocks.append(f"| {' | '.join(cells)} |")
        if self._is_head:
            self._blocks.append("|" + "---|" * len(cells))
            self._is_head = False

    def _bold(self) -> None:
        self._line.append("**")

    def _term(self) -> None:
        self._begin("- ")

    def _end_term(self) -> None:
        self._line.append(": ")

    def _end_summary(self) -> None:
        self._bold()
        self._flush(around=True)


Action = Callable[[_Writing], None]

_OPENING: Mapping[str, Action] = {
    "dt": _Writing._term,
    "li": _Writing._open_item,
    "ol": _Writing._open_list,
    "p": _Writing._paragraph,
    "strong": _Writing._bold,
    "summary": _Writing._bold,
    "thead": _Writing._head,
    "tr": _Writing._row,
    "ul": _Writing._open_list,
}
_CLOSING: Mapping[str, Action] = {
    "dd": _Writing._flush,
    "dt": _Writing._end_term,
    "li": _Writing._close_item,
    "ol": _Writing._close_list,
    "p": _Writing._paragraph,
    "strong": _Writing._bold,
    "summary": _Writing._end_summary,
    "td": _Writing._end_cell,
    "th": _Writing._end_cell,
    "tr": _Writing._end_row,
    "ul": _Writing._close_list,
}


def _plain(text: str) -> str:
    """A text that means no markup."""
    return _SPECIAL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _twin_of(link: str) -> str | None:
    """The twin of the page that a link leads to; ``None`` for a place in the page itself."""
    path, _, _ = link.partition("#")
    if not path:
        return None
    if path.endswith(INDEX):
        return f"{path.removesuffix(INDEX)}{TWIN}"
    return f"{path}{TWIN}" if path.endswith("/") else path


def _fenced(text: str) -> str:
    """A block of code; its fence is longer than any in it."""
    longest = max((len(each) for each in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"
