"""Pages that people look at: one self-contained HTML file and its figures as JSON. No network, no script."""
