"""The start page: what this process serves, and where. Pure.

It is links alone, which differ with what is served: no version, no address of a part, no state.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from html import escape

from api import paths
from api.docs.pages import page
from contracts.model.loader import Catalog
from contracts.model.types import Origin


@dataclass(frozen=True, slots=True)
class Place:
    """Something to go to: where it is, how it is called, and what it is good for."""

    path: str
    name: str
    use: str


PLACES = (
    Place(paths.DEMO, "Demo", "A front end to click in, and beside it what becomes of each event"),
    Place(f"{paths.CATALOG}/", "Catalogue", "Every event and its fields, explained"),
    Place(paths.DOCS, "Documentation", "Every request, which can be tried there"),
    Place(paths.DEBUG, "Debugger", "Events as they come, and why one was refused"),
    Place(paths.REASONS, "Reason codes", "What each refusal means, and what to do"),
    Place(paths.READY, "Status", "Whether events can be accepted now"),
)
"""In the order of a newcomer's questions; the first that is served is shown as the first to try."""


def start(catalog: Catalog, served: Collection[str]) -> str:
    """The answer to ``GET /``: those of :data:`PLACES` whose path is ``served``, and the events."""
    places = [place for place in PLACES if place.path in served]
    items = "\n".join(_item(place, is_first=place is places[0]) for place in places)
    return page(
        "Events API",
        f"""\
<p>Send an event with <code>POST {paths.EVENTS}</code>, several with
<code>POST {paths.BATCH}</code>, and try one without storing it with
<code>POST {paths.VALIDATE}</code>.</p>
<ul class="places">
{items}
</ul>
<h2>Events</h2>
<ul>
{_events(catalog)}
</ul>
<p>For generators: the <a href="{paths.OPENAPI}">OpenAPI document</a>.</p>""",
    )


def _events(catalog: Catalog) -> str:
    return "\n".join(
        f'<li><a href="{paths.CONTRACTS}/{each.event}/{each.version}">{escape(each.event)}</a>: '
        f"{escape(each.title)}</li>"
        for each in catalog.newest
        if each.origin is Origin.CLIENT
    )


def _item(place: Place, *, is_first: bool) -> str:
    mark = ' class="first"' if is_first else ""
    return (
        f'<li><a{mark} href="{place.path}"><strong>{escape(place.name)}</strong> '
        f"{escape(place.use)}</a></li>"
    )
