"""Who sends: a token goes in, a user id comes out, from auth_service, a JWT or the cache."""
