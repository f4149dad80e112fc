"""Judges a model *file*: accuracy with intervals, latency, and what its graph is made of. No TensorFlow."""
