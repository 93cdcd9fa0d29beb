"""What every event is, and nothing about where it goes.

In: the JSON Schema files below this folder.  Out: a :class:`~contracts.model.loader.Catalog` of
typed :class:`~contracts.model.types.Contract` records, validators that turn bad data into
violations, and the one list of reason codes.
"""
