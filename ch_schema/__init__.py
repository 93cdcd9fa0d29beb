"""From contract to typed table, and from message to row.

In: contracts and messages.  Out: ``CREATE TABLE`` statements, rows, and a client that runs them
against a ClickHouse server (native protocol or HTTP) or the embedded engine.
"""
