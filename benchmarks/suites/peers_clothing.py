"""Peers on the clothing photos: trained on the same contributors' photos, judged on the same held-out ones.

Hours. Every peer is kept in runs/peers (ignored by git) once it is trained, and goes on where it was stopped:
--only PEER trains one at a time, --cached trains none.
"""

from __future__ import annotations

import argparse
import os

from benchmarks.peers.compare import add_peer_arguments, measure_peers
from benchmarks.result import Result

NAME = "peers-clothing"
TITLE = "Our file and peers on the clothing photos, held-out contributors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_peer_arguments(parser, "clothing")
    parser.set_defaults(source=f"clothing:{os.environ.get('CLOTHING', '../shared/data/clothing')}")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    return measure_peers(NAME, TITLE, "clothing", (("train",), "validation"), arguments, views=True)
