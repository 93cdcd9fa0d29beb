"""From contract to Kafka bytes and back.

In: contracts, and JSON values that satisfy them.  Out: Avro schemas, their subjects in a Schema
Registry, and Kafka values in Confluent framing.
"""
