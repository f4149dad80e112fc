"""Checkpoint → `.tflite`: convert, describe, prove, and only then give it its name; read `export.py` first."""
