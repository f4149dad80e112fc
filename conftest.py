"""Settings of the whole suite, tests/ and the examples in docstrings alike."""

import os

from hypothesis import settings

# Two busy cores make an example slow now and then, which is not what these tests are about: no deadline per example.
# On CI the same examples every time, so that a red run is about the change; elsewhere new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# Its docstrings hold no examples, and it can only be imported where pyjnius and LiteRT's Java library are.
collect_ignore = ["edgefashion/runtime/android_interpreter.py"]
