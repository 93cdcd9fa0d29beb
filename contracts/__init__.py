"""The contracts room: what every event is, and nothing about where it goes.

In: the JSON Schema files below this folder.  Out: a :class:`~contracts.model.loader.Catalog` of typed
:class:`~contracts.model.types.Contract` records, validators that turn bad data into violations, and
the one list of reason codes.

Layers, lowest first: ``errors``, ``model``, ``message``, ``stamps``, ``names``, ``formats``,
``reasons``; then ``walker`` and ``validation`` (pure); then ``loader`` (reads files).
"""
