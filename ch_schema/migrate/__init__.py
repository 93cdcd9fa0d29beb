"""The live tables become the wanted ones: differences, plan, execution, its record, and erasure."""
