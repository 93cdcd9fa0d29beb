"""Every negative answer of Confluent's API, with its HTTP status, code and words.

Source: ``rest/exceptions/Errors.java`` of Confluent's schema-registry, and its ``Rest…Exception``
classes.  Clients branch on the code; people search for the words.
"""

from __future__ import annotations

from registry.errors import RequestRefusedError


def subject_not_found(subject: str) -> RequestRefusedError:
    return RequestRefusedError(404, 40401, f"Subject '{subject}' not found.")


def version_not_found(version: int) -> RequestRefusedError:
    return RequestRefusedError(404, 40402, f"Version {version} not found.")


def schema_not_found(schema_id: int | None = None) -> RequestRefusedError:
    which = "" if schema_id is None else f" {schema_id}"
    return RequestRefusedError(404, 40403, f"Schema{which} not found")


def subject_soft_deleted(subject: str) -> RequestRefusedError:
    text = f"Subject '{subject}' was soft deleted. Set permanent=true to delete permanently"
    return RequestRefusedError(404, 40404, text)


def subject_not_soft_deleted(subject: str) -> RequestRefusedError:
    text = f"Subject '{subject}' was not deleted first before being permanently deleted"
    return RequestRefusedError(404, 40405, text)


def version_soft_deleted(subject: str, version: int) -> RequestRefusedError:
    text = (
        f"Subject '{subject}' Version {version} was soft deleted. "
        "Set permanent=true to delete permanently"
    )
    return RequestRefusedError(404, 40406, text)


def version_not_soft_deleted(subject: str, version: int) -> RequestRefusedError:
    text = (
        f"Subject '{subject}' Version {version} was not deleted first "
        "before being permanently deleted"
    )
    return RequestRefusedError(404, 40407, text)


def level_not_configured(subject: str) -> RequestRefusedError:
    text = f"Subject '{subject}' does not have subject-level compatibility configured"
    return RequestRefusedError(404, 40408, text)


def mode_not_configured(subject: str) -> RequestRefusedError:
    text = f"Subject '{subject}' does not have subject-level mode configured"
    return RequestRefusedError(404, 40409, text)


def incompatible_schema(subject: str, messages: list[str]) -> RequestRefusedError:
    text = (
        "Schema being registered is incompatible with an earlier schema for subject "
        f'"{subject}", details: [{", ".join(messages)}]'
    )
    return RequestRefusedError(409, 40901, text)


def invalid_schema(reason: str) -> RequestRefusedError:
    return RequestRefusedError(422, 42201, reason)


def invalid_version(version: str) -> RequestRefusedError:
    text = (
        f"The specified version '{version}' is not a valid version id. "
        'Allowed values are between [1, 2^31-1] and the string "latest"'
    )
    return RequestRefusedError(422, 42202, text)


def invalid_level() -> RequestRefusedError:
    text = (
        "Invalid compatibility level. Valid values are none, backward, forward, full, "
        "backward_transitive, forward_transitive, and full_transitive"
    )
    return RequestRefusedError(422, 42203, text)


def invalid_mode() -> RequestRefusedError:
    text = "Invalid mode. Valid values are READWRITE, READONLY, READONLY_OVERRIDE, and IMPORT."
    return RequestRefusedError(422, 42204, text)


def not_permitted(reason: str) -> RequestRefusedError:
    return RequestRefusedError(422, 42205, reason)


def reference_exists(subject: str, version: int) -> RequestRefusedError:
    key = f"{{magic=1,keytype=SCHEMA,subject={subject},version={version}}}"
    return RequestRefusedError(422, 42206, f"One or more references exist to the schema {key}.")


def invalid_subject(subject: str, reason: str) -> RequestRefusedError:
    return RequestRefusedError(422, 42208, f"The specified subject {subject!r} {reason}")


def schema_too_large(limit_bytes: int) -> RequestRefusedError:
    text = f"Register operation failed because the schema is larger than {limit_bytes} bytes"
    return RequestRefusedError(422, 42209, text)


def unprocessable(reason: str) -> RequestRefusedError:
    """A request whose JSON is sound and whose content has no meaning here."""
    return RequestRefusedError(422, 422, reason)


def malformed(reason: str) -> RequestRefusedError:
    """A body that is not JSON, or not of the shape that the call takes."""
    return RequestRefusedError(400, 400, reason)


def store_failed() -> RequestRefusedError:
    return RequestRefusedError(500, 50001, "Error in the backend data store")
