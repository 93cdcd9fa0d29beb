"""What operators instrumentation: metrics and log lines."""
