"""What somebody else would write for the same job: small, usual, correct.

They are what ``make bench`` measures the product against, each in the same run.  Their API answers
202 only after Kafka's acknowledgement; their loaders commit only what ClickHouse has.  None of them
has the rest of the job: no problem documents, no spool, no tokens, no recognised duplicates, no
pairs, no books.
"""
