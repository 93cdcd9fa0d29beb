"""The ClickHouse room: from contract to typed table, and from message to row.

In: contracts and messages.  Out: ``CREATE TABLE`` statements, rows, and a client that runs them
against a ClickHouse server (native protocol or HTTP) or the embedded engine.  ``ugc.local.clickhouse``
lets several processes of one machine share an embedded engine.

Layers, lowest first: ``errors``, ``quoting``; then ``types``, ``tables``, ``internal``, ``views``,
``reports``, ``targets``, ``rows``, ``diff`` (pure); then ``client`` with its edges ``native``,
``http`` and ``embedded``; then ``live``, ``history``, ``mutations``, which read and write what the
database says of itself, and ``plan`` (pure); then ``migrate`` and ``server``.
"""
