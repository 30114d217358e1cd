"""ONE FILE PER DESTINATION, one contract, failures kept apart and counted."""
