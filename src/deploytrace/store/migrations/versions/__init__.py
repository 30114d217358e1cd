"""One file per step, numbered; a step that has been released is never changed."""
