"""The gate: one verdict on a change of contracts, over HTTP clients, Avro readers and tables.

In: the contracts as they were and as they shall be (:mod:`ugc.compatibility.sources`).  Out: a
:class:`~ugc.compatibility.findings.Report`, which is data until :mod:`ugc.compatibility.render` makes text of it.

Layers, lowest first: ``snapshot`` and ``findings``; ``http``, ``avro`` and ``tables`` (one target
each, pure); ``judge`` (all of it, pure); ``rollout``, ``render`` and ``verdict_table`` (pure); then
``sources`` (reads folders and git), ``live`` (asks a registry) and ``command``.
"""
