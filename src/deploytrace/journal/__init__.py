"""THE FILE BETWEEN THE PROCESSES: its format, who appends to it, who reads it, where it lies."""
