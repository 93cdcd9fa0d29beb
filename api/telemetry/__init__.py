"""What operators watch: metrics and log lines."""
