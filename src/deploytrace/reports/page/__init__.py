"""The page of a run: one HTML file that needs nothing else, from a run and what the analyses found in it."""
