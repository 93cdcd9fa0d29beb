"""The six messages of requirement L1, as a front end sends them."""

from __future__ import annotations

from typing import Any


def first_messages(token: str, page_view_id: str) -> tuple[dict[str, Any], ...]:
    """One of each event: some with a token, some of a visitor who is not signed in."""
    view = {"page_view_id": page_view_id, "page_type": "movie"}
    return (
        {"event": "page_view_start", "token": token, "data": view},
        {
            "event": "element_click",
            "token": None,
            "data": {"element_type": "trailer", "page_type": "movie"},
        },
        {
            "event": "quality_change",
            "token": token,
            "data": {"video_id": "tt0111161", "old_quality": 720, "new_quality": 1080},
        },
        {
            "event": "video_complete",
            "token": token,
            "data": {"video_id": "tt0111161", "duration_total": True},
        },
        {
            "event": "search_filter",
            "token": None,
            "data": {"search_query": "space", "filters": "genre=sci-fi;rating>=8"},
        },
        {"event": "page_view_end", "token": token, "data": view},
    )
