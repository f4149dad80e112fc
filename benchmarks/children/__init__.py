"""Scripts measured in processes of their own: each loads, runs once, then once more for every line it reads."""
