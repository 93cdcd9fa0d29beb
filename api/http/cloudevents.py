"""CloudEvents over HTTP: which requests bear one, and attributes that stand in headers. Pure.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_to_bytes

from api.errors import Rejection
from contracts.model.validation import Violation
from contracts.reasons import Reason

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
MARK = "ce-specversion"
"""The header that makes a request one of binary mode."""

_PREFIX = "ce-"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')


def attributes_in(headers: Iterable[tuple[str, str]], media_type: str) -> Mapping[str, str]:
    """The attributes of a CloudEvent in binary mode.

    Args:
        headers: names in any case, and values.
        media_type: that of the body, which is the event's ``datacontenttype``.

    Raises:
        Rejection: ``ENVELOPE_INVALID``: a value is not percent-encoded UTF-8.
    """
    sent = {name.lower(): value for name, value in headers}
    found = {
        name.removeprefix(_PREFIX): _decoded(name, value)
        for name, value in sent.items()
        if name.startswith(_PREFIX)
    }
    return {"datacontenttype": media_type, **found} if media_type else found


def _decoded(name: str, value: str) -> str:
    """A value as it was before it was written in a header (section 3.1.3.2)."""
    text = value.strip(" \t")
    if quoted := _QUOTED.fullmatch(text):
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    try:
        text.encode("ascii")
        return unquote_to_bytes(text).decode()
    except UnicodeError as error:
        message = f"the header {name} must be UTF-8, percent-encoded"
        violation = Violation(f"/{name.removeprefix(_PREFIX)}", "cloudevents", message, None)
        detail = "the CloudEvent cannot be taken as it is"
        raise Rejection(Reason.ENVELOPE_INVALID, detail, violations=(violation,)) from error
