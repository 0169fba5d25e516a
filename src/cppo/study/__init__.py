"""Studies: one recipe over several training seeds, and its ablations."""
