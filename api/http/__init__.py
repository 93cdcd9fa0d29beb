"""HTTP in and out: requests, bodies, batches, routes, headers and problem documents."""
