"""``ugc tail``: the debugger of the API in a terminal."""
