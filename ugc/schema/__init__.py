"""``ugc schema``: the tables of ClickHouse, from the contracts.

In: a contract folder and a ClickHouse URL.  Out: DDL, plans, steps taken, users erased, the data
dictionary.  The work is done in :mod:`ch_schema`; here it is put together and shown.
"""
