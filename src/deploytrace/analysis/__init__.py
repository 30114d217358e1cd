"""Run in, findings out: pure functions and trackers over a run's nodes; what they find is shown by `reports`."""
