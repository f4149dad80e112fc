"""Recipe → fit → distil → prune → quantise-aware; read `run.py` first."""
