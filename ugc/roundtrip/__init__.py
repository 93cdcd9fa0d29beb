"""``ugc contracts roundtrip``: does a JSON Schema's data come back as it went in?

In: any JSON Schemas, and instances, given or generated.  Out: how many instances came back equal
through Avro and through ClickHouse, and where the others differ.
"""

from __future__ import annotations
