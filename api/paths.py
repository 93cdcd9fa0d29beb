"""Where things are over HTTP: served, documented and linked by the same names."""

from __future__ import annotations

START = "/"
API = "/api/v1/"
EVENTS = "/api/v1/events"
BATCH = "/api/v1/events/batch"
VALIDATE = "/api/v1/validate"
CONTRACTS = "/api/v1/contracts"
LIVE = "/health/live"
READY = "/health/ready"
METRICS = "/metrics"
DOCS = "/docs"
OPENAPI = "/openapi.json"
REASONS = "/docs/reasons"
"""Where each reason code is explained; the code is the anchor."""
CATALOG = "/catalog"
"""The pages of the events, where somebody made them (:class:`api.model.Pages`)."""
