"""`python -m edgefashion_app` is `edgefashion-app`."""

import sys

from .entry import main

sys.exit(main())
