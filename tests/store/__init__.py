"""The store on both databases: exactly once, whatever happens; births, limits, retention, health."""
