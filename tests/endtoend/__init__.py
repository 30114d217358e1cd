"""Whole runs: real ansible-playbook at one end, real Jaeger (or a faulty receiver) at the other."""
