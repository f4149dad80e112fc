"""The scripts here run in environments of their own; only the tests of the machinery are collected."""

collect_ignore = ["environments.py", "golden_standalone.py", "mediapipe_check.py", "ours.py", "run_all.py"]
