"""A small server that lets several local processes share one folder of the embedded engine.

In: ClickHouse's HTTP interface, as any of its clients speaks it.  Out: the engine's answers.  The
process owns the folder; there are no users, so it belongs on the loopback interface only.
"""
