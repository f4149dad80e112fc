"""One thin file per verb; `edgefashion.cli` holds the table of verbs."""
