"""The producers' sequence numbers: what has arrived, what is missing."""
