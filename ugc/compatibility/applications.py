"""What a change of ``applications.json`` means. Pure.

Who may send is for the project to say at any time; only the column that it makes is to stay.
"""

from __future__ import annotations

from contracts.model.applications import FILE
from ugc.compatibility.findings import EventReport, Finding, Target
from ugc.compatibility.snapshot import Snapshot


def applications_report(base: Snapshot, head: Snapshot) -> EventReport | None:
    """``None`` while there are applications, or were none."""
    if base.catalog.applications is None or head.catalog.applications is not None:
        return None
    gone = Finding(
        code="applications.removed",
        target=Target.FILES,
        breaking=True,
        pointer="",
        message=f"{FILE} is gone: keys count for nothing, and no row tells any more who sent it",
        way_out="put the file back; an application that shall not send has `disabled: true` in it",
        path=FILE,
    )
    return EventReport(event="applications", contract=FILE, earlier=(FILE,), findings=(gone,))
