"""Which resize rule to build on: the same ImageNet features and the same linear head, trained anew under each rule.

A finished model favours the rule it was trained with; a linear probe on frozen EfficientNet-Lite0 features has no
favourite. For each rule it is trained on the training split and judged on the validation split (split by contributor),
on pictures prepared by the rule, and once more on the same pictures as MediaPipe's ImageClassifier prepares them on a
CPU: the whole picture stretched, four taps, no antialiasing, and output pixel (x, y) read at (x · width / input width,
y · height / input height). Needs the extras train and dev.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from benchmarks.result import Result
from edgefashion.data.manifest import Manifest
from edgefashion.data.sources import open_source
from edgefashion.evaluation.metrics import wilson_interval
from edgefashion.runtime.image import RESIZE_RULES

NAME = "resize-probe"
TITLE = "Resize rules judged by a linear probe: accuracy, and agreement with a client that stretches"
SIDE = 192

Bytes = npt.NDArray[np.uint8]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the suite's arguments."""
    parser.add_argument("--source", help="labelled pictures, for example clothing:FOLDER (needed)")


def measure(arguments: argparse.Namespace) -> Result:
    """Runs the suite."""
    if not arguments.source:
        raise SystemExit("The suite 'resize-probe' needs --source, for example --source clothing:FOLDER.")
    from sklearn.linear_model import LogisticRegression

    from edgefashion.training.pipeline import load_pictures

    manifest = open_source(arguments.source)
    train, held = manifest.select("train"), manifest.select("validation")
    features = imagenet_network()
    client = features(as_client(held))
    rows: list[tuple[str | float | None, ...]] = []
    for rule in RESIZE_RULES:
        seen, judged = (load_pictures(part, SIDE, SIDE, rule) for part in (train, held))
        probe = LogisticRegression(C=0.02, max_iter=300).fit(features(seen.images), seen.truth)
        own, other = probe.predict(features(judged.images)), probe.predict(client)
        low, high = wilson_interval(int((own == judged.truth).sum()), len(own))
        rows.append(
            (
                rule,
                round(float((own == judged.truth).mean()), 4),
                f"{low:.4f} to {high:.4f}",
                round(float((other == judged.truth).mean()), 4),
                round(float((own == other).mean()), 4),
            )
        )
    columns = ("rule", "top-1", "95 % interval", "top-1 in the client", "same answer in the client")
    settings = {"source": manifest.name, "train": len(train.rows), "judged": len(held.rows), "side": SIDE}
    return Result(NAME, TITLE, columns, tuple(rows), settings={key: str(value) for key, value in settings.items()})


def imagenet_network() -> Callable[[Bytes], npt.NDArray[np.float32]]:
    """EfficientNet-Lite0 with ImageNet weights, without its last layer: uint8 (n, 192, 192, 3) → float32 (n, 1280)."""
    import tf_keras

    from edgefashion.training.loop import logits_of
    from edgefashion.training.recipe import Model
    from edgefashion.training.start import first_checkpoint

    plan = Model("efficientnet-lite0", SIDE, SIDE, weights="efficientnet-lite0", folded=True)
    network = first_checkpoint(plan, ("a", "b")).model()
    pooled = tf_keras.Model(network.input, network.get_layer("pool").output)
    return lambda images: logits_of(pooled, images)


def as_client(manifest: Manifest) -> Bytes:
    """Prepares every picture as MediaPipe does: uint8 (n, 192, 192, 3)."""
    out = np.empty((len(manifest.rows), SIDE, SIDE, 3), np.uint8)
    for number, row in enumerate(manifest.rows):
        picture = manifest.picture(row)
        if isinstance(picture, np.ndarray):
            raise SystemExit("The suite 'resize-probe' needs picture files.")
        with Image.open(picture) as opened:
            out[number] = point_sampled(np.asarray(ImageOps.exif_transpose(opened).convert("RGB")), SIDE, SIDE)
    return out


def point_sampled(pixels: Bytes, height: int, width: int) -> Bytes:
    """Stretches without antialiasing or half-pixel offset: uint8 (rows, columns, 3) → uint8 (height, width, 3)."""
    y, x = np.arange(height) * pixels.shape[0] / height, np.arange(width) * pixels.shape[1] / width
    top, left = y.astype(int), x.astype(int)
    below, right = np.minimum(top + 1, pixels.shape[0] - 1), np.minimum(left + 1, pixels.shape[1] - 1)
    down, across = (y - top)[:, None, None], (x - left)[None, :, None]
    real = pixels.astype(np.float64)
    upper = real[top][:, left] * (1 - across) + real[top][:, right] * across
    lower = real[below][:, left] * (1 - across) + real[below][:, right] * across
    stretched: Bytes = np.rint(upper * (1 - down) + lower * down).astype(np.uint8)
    return stretched
