"""THE LONG-LIVED PROCESS: /metrics from the store."""
