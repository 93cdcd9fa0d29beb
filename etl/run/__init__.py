"""One run of the loader: polled, decoded, paired, stored, settled, committed, and reported."""
