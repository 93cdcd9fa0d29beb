"""What is stored, as the API's JSON. Pure.

``schemaType`` is left out, as Confluent's registry does for Avro; so are ``references`` when there
are none.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ugc.local.registry.store import StoredSchema, StoredVersion


def schema_document(schema: StoredSchema) -> dict[str, Any]:
    document: dict[str, Any] = {"schema": schema.text}
    if schema.references:
        document["references"] = [asdict(each) for each in schema.references]
    return document


def version_document(version: StoredVersion) -> dict[str, Any]:
    document = {
        "subject": version.subject,
        "version": version.version,
        "id": version.schema.id,
        **schema_document(version.schema),
    }
    return document | {"deleted": True} if version.is_deleted else document
