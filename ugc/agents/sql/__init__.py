"""Questions of strangers to ClickHouse: read-only, bounded, and without personal columns.

In comes the text of one SELECT, out goes a statement that can reach nothing but what it is given.
"""
