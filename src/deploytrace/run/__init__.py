"""WHAT HAPPENED: the model of a run, and the one interpreter that grows it from events."""
