"""Damages a model file in many seeded ways and gives each result to the interpreter; run as a process of its own.

`python tests/runtime/mutate.py MODEL FIRST LAST` tries the seeds FIRST to LAST - 1 and prints counts as JSON. If native
code crashes, the process dies; the last line of its output then names the seed. Beside the counts it prints the
slowest file in seconds and the memory that all of them took together, in MB. A long hunt:
`python tests/runtime/mutate.py tests/data/operators_int8.tflite 0 100000`.
"""

import json
import random
import resource
import signal
import struct
import sys
import time
from pathlib import Path

import numpy as np

SECONDS_PER_FILE = 60
ADDRESS_SPACE = 8 << 30
NUMBERS = (0, 1, 2, 3, 4, 5, 7, 8, 16, -1, -2, 127, 128, 255, 256, 1000, 65535, 100_000, 2**30, 2**31 - 1, -(2**31))


def structure(content: bytes) -> list[int]:
    """Return the bytes that are not weights: damage to weights only changes the answer."""
    from edgefashion.runtime.flatbuffer_check import check_flatbuffer

    _, model = check_flatbuffer(content, len(content))
    spans = sorted((buffer[0].start, buffer[0].length) for buffer in model[4] if buffer[0] and buffer[0].length > 64)
    places, at = [], 0
    for start, length in spans:
        places += range(at, start)
        at = start + length
    return [*places, *range(at, len(content))]


def damage(content: bytes, places: list[int], seed: int) -> bytes:
    """Change a few bytes or numbers, as a bad download or a bad neighbour would."""
    dice = random.Random(seed)
    data = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        place, kind = dice.choice(places), dice.random()
        word = min(place - place % 4, len(data) - 4)
        if kind < 0.25:
            data[place] ^= 1 << dice.randrange(8)
        elif kind < 0.45:
            data[place] = dice.randrange(256)
        elif kind < 0.85:
            struct.pack_into("<i", data, word, dice.choice(NUMBERS))
        elif kind < 0.92:
            moved = struct.unpack_from("<i", data, word)[0] + dice.choice((-1, 1, 4, -4, 8, 64))
            struct.pack_into("<i", data, word, max(-(2**31), min(2**31 - 1, moved)))
        elif kind < 0.99:
            source, count = dice.choice(places), dice.choice((4, 8, 16))
            data[place : place + count] = data[source : source + count][: len(data) - place]
        else:
            return bytes(data[:place])
    return bytes(data)


def run_bare(content: bytes, dice: np.random.Generator) -> None:
    """Run what may be a model on a picture of noise."""
    from edgefashion.runtime.interpreter import Interpreter

    interpreter = Interpreter.open(content, threads=1)
    picture = dice.integers(0, 256, interpreter.input_shape).astype(interpreter.input_dtype)
    interpreter.run(picture[0])


def classify(content: bytes, dice: np.random.Generator) -> None:
    """Classify a picture of noise with what may be a model file; the answer must be one that a user can take."""
    from edgefashion.runtime.classifier import Classifier
    from edgefashion.runtime.interpreter import Interpreter
    from edgefashion.runtime.model_file import ModelFile

    classifier = Classifier(ModelFile.from_bytes(content), Interpreter.open(content, threads=1))
    prediction = classifier.classify(dice.integers(0, 256, (40, 30, 3), np.uint8))
    shares = dict(prediction.top(len(classifier.labels)))
    assert set(shares) <= set(classifier.labels)
    assert all(0.0 <= share <= 1.0 for share in (*shares.values(), prediction.confidence))
    json.dumps(prediction.to_dict(), allow_nan=False)


def main(path: str, first: int, last: int, whole: bool) -> None:
    """Try the seeds; `whole`: damage labels and card too, and open the file as a user would."""
    from edgefashion.errors import ModelFileError
    from edgefashion.runtime.zip_tail import read_zip_tail

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    content = Path(path).read_bytes()
    attempt = classify if whole else run_bare
    content = content if whole else content[: read_zip_tail(content).start]
    places = structure(content)
    counts = {"refused": 0, "refused by the runtime": 0, "ran": 0}
    dice = np.random.default_rng(0)
    attempt(content, dice)
    before, slowest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0.0
    for seed in range(first, last):
        print(f"seed {seed}", flush=True)
        signal.setitimer(signal.ITIMER_PROF, SECONDS_PER_FILE)  # of computing; the signal ends the process
        start = time.process_time()
        try:
            attempt(damage(content, places, seed), dice)
            counts["ran"] += 1
        except ModelFileError as error:
            counts["refused by the runtime" if "the runtime" in str(error) else "refused"] += 1
        slowest = max(slowest, time.process_time() - start)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(json.dumps({"counts": counts, "slowest": round(slowest, 2), "grown": grown}), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), "--whole" in sys.argv[4:])
