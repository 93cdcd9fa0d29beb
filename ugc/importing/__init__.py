"""``ugc contracts import``: contracts made of the tracking plan that a team already has.

In: plain JSON Schema, Iglu self-describing schemas, Segment or RudderStack tracking plans.  Out:
contract files, and for each field what became of it.
"""

from __future__ import annotations
