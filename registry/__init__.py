"""The registry room: from contract to Kafka bytes and back.

In: contracts, and JSON values that satisfy them.  Out: Avro schemas, their subjects in a Schema
Registry, and Kafka values in Confluent framing.  ``ugc.local.registry`` is a registry of our own for
machines that have none.  Beside it lies what the API and the loader share: ``topics``, and
``redis_primary``, a Redis client that follows a failover.

Layers, lowest first: ``errors``, ``options`` and ``topics``; then ``avro``, ``values``,
``images``, ``framing``, ``compatibility``, ``lock`` (pure but for the lock file); then ``client``
(the edge), ``cache``, ``serde``, ``subjects`` and ``asyncapi``; beside them ``server``; ``sync`` on
top.
"""
