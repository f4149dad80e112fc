"""`python -m edgefashion`: the same as the installed command `edgefashion`."""

import sys

from edgefashion.cli import main

if __name__ == "__main__":
    sys.exit(main())
