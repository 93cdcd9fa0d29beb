"""One verdict on a change of contracts, over HTTP clients, Avro readers and tables.

In: the contracts as they were and as they shall be (:mod:`~ugc.compatibility.sources`).  Out: a
:class:`~ugc.compatibility.findings.Report`, which is data until :mod:`~ugc.compatibility.render`
makes text of it.
"""
