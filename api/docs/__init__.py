"""The pages and documents that callers read: OpenAPI, Swagger UI, reason codes."""
