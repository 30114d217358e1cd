"""WHAT MAY BE WRONG WITH AN INSTALLATION: one file per part, each yields findings in plain words."""
