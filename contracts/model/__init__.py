"""A contract file read: the dialect, the types it stands for, and validation.

In come JSON documents, out go contracts, and violations of them.
"""
