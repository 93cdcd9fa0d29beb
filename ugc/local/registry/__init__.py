"""A Schema Registry for machines that have none: Confluent's REST API over one folder.

In: Confluent's REST API, as its clients and serializers speak it.  Out: ids, versions and verdicts
that are on disk before they are acknowledged.  Avro only; one registry per folder; no users, so it
belongs on the loopback interface or behind something that has them.
"""
