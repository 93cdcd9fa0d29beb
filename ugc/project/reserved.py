"""Names that the tool itself uses, as the code that uses them says. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ch_schema.ddl.tables import ENVELOPE, LINEAGE
from ch_schema.ddl.targets import targets_for
from contracts.model.loader import Catalog
from contracts.model.names import AVRO_TYPES
from ugc.project.tables import INTERNAL


def reserved_columns() -> frozenset[str]:
    """Names of the columns that every table has beside the fields of its event."""
    return frozenset(column.name for column in (*ENVELOPE, *LINEAGE))


def reserved_events() -> Mapping[str, str]:
    """Names that no event may have, each with what has it already.

    The package ``avro`` takes a record called like one of Avro's types for that type; a table of
    the tool's own stands beside those of the events.
    """
    own = targets_for(Catalog({}, {}), INTERNAL).tables
    return {
        **dict.fromkeys(AVRO_TYPES, "a type of Avro"),
        **{table.name: "a table of our own" for table in own},
    }
