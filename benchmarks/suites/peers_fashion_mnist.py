"""Peers on Fashion-MNIST's test split; published figures beside them.

A quarter of an hour; kept in runs/peers as for `peers-clothing`. Peers train on all 60,000 pictures of the publisher's
training split.
"""

from __future__ import annotations

import argparse

from benchmarks.peers.compare import add_peer_arguments, measure_peers
from benchmarks.result import Result

NAME = "peers-fashion-mnist"
TITLE = "Our file and peers on Fashion-MNIST, test split"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    add_peer_arguments(parser, "fashion-mnist")
    parser.set_defaults(source="fashion-mnist")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    return measure_peers(NAME, TITLE, "fashion-mnist", (("train", "validation"), "test"), arguments)
