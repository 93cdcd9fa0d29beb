"""What the API refuses goes to a topic of its own, redacted."""
