"""What is kept across runs: their history, and the metric accumulators that every delivery path reads."""
