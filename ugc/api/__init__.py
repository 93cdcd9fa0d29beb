"""`ugc api`: the HTTP API served."""
