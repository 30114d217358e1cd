"""A run in the formats that other programs open: a pure function for each, from a run to text."""
