"""Weights in from other frameworks: one file per format, each with one `convert()` that ends in a parity check.

The folder is installed under the import name `edgefashion_converters`; see `README.md`.
"""
