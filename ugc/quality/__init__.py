"""`ugc quality`: the objectives, and the alerts made from them."""
