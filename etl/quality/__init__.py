"""What was loaded, held against the contracts' objectives."""
