"""The scripts here are run by `make test-pi`; elsewhere only the tests of the machinery are collected."""

import os

collect_ignore = ["answers.py", "boards.py", "run_all.py", "sysroot.py"]
if "EDGEFASHION_BOARD" not in os.environ:
    collect_ignore.append("on_board")
