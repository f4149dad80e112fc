"""A checkpoint: one `.safetensors` file that holds a network's weights and, in its header, everything else about it.

The header's one entry, `edgefashion`, is JSON: integers, numbers, strings, lists. No pickles. Weights may be stored as
float16 to halve the file; they are float32 again once read.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tf_keras

from edgefashion.errors import CheckpointError, MissingExtraError, RecipeError
from edgefashion.models.architectures import Spec, build, least_weights, spec_from_dict, spec_to_dict

CHECKPOINT_VERSION = 1
LARGEST_INPUT = 2048 * 2048
"""Pixels that a network's picture may have; one of more would take all memory before it says so."""
Weights = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Checkpoint:
    """A network at some stage of its making.

    Attributes:
        spec: the network's description.
        weights: float32 arrays by "layer/weight".
        stage: the last stage passed: "fit", "distil", "prune-channels", "prune-weights" or "quantise-aware".
        folded: whether batch normalisation is merged into the convolutions.
        ranges: real (low, high) by layer name; filled by quantise-aware training, empty before.
        name, version, description: of the model.
        labels: in the order of the logits.
        heads: further heads, attribute → labels, in the order of the logits that follow those of the types.
        head_temperatures: by head, as `temperature`.
        taxonomy: as in the card.
        resize: how a picture is brought to the input: "stretch", "pad" or "crop".
        temperature: the logits are divided by it (Guo et al. 2017, arXiv 1706.04599).
        threshold: confidence below which the answer is "not sure".
        training: facts for the card: data, licence, digests, pictures, groups, recipe; and the splits `train`, `tune`,
            `held_out`.
        accuracy: the float network's figures on held-out pictures.
    """

    spec: Spec
    weights: Weights
    stage: str = "fit"
    folded: bool = False
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    name: str = "model"
    version: str = "1.0.0"
    description: str = ""
    labels: tuple[str, ...] = ()
    heads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    head_temperatures: dict[str, float] = field(default_factory=dict)
    taxonomy: dict[str, Any] = field(default_factory=dict)
    resize: str = "stretch"
    temperature: float = 1.0
    threshold: float = 0.5
    training: dict[str, Any] = field(default_factory=dict)
    accuracy: dict[str, Any] = field(default_factory=dict)

    @property
    def head_sizes(self) -> tuple[int, ...]:
        """Number of labels of each head, the type first: together the classes of `spec`."""
        further = tuple(map(len, self.heads.values()))
        return (self.spec.classes - sum(further), *further)

    def model(self, batch: int | None = None, ranged: bool = False) -> tf_keras.Model:
        """Builds the Keras network with these weights.

        Args:
            batch: fixed batch size, or None.
            ranged: whether the fixed fake-quantisations stand in it.
        """
        network = build(self.spec, self.folded, self.ranges if ranged else None, batch)
        restore(network, self.weights)
        return network

    def with_model(self, network: tf_keras.Model, **changes: Any) -> Checkpoint:
        """Returns a copy that holds the weights of `network` and the other fields in `changes`."""
        return replace(self, weights=read_weights(network), **changes)


def read_weights(network: tf_keras.Model) -> Weights:
    """Gives the weights of a network as float32 arrays by "layer/weight"."""
    return {
        f"{layer.name}/{weight.name.split('/')[-1].split(':')[0]}": weight.numpy()
        for layer in network.layers
        for weight in layer.weights
    }


def restore(network: tf_keras.Model, weights: Weights) -> None:
    """Puts weights into a network.

    Raises:
        CheckpointError: a weight is missing, left over or of another shape.
    """
    left = dict(weights)
    for layer in network.layers:
        for weight in layer.weights:
            name = f"{layer.name}/{weight.name.split('/')[-1].split(':')[0]}"
            if name not in left or left[name].shape != tuple(weight.shape):
                found = left[name].shape if name in left else "nothing"
                raise CheckpointError(
                    f"The weight '{name}' must have the shape {tuple(weight.shape)}. Received: {found}."
                )
            weight.assign(left.pop(name))
    if left:
        raise CheckpointError(f"The network has no place for the weights {', '.join(sorted(left)[:3])}.")


def save_checkpoint(checkpoint: Checkpoint, path: Path, half: bool = False) -> None:
    """Writes a checkpoint (to a temporary name first, then renamed).

    Args:
        checkpoint: what to write.
        path: the `.safetensors` file.
        half: whether weights are stored as float16.
    """
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise MissingExtraError("train", "Writing a checkpoint") from error
    header = {key: value for key, value in asdict(checkpoint).items() if key not in ("weights", "spec")}
    header |= {"checkpoint_version": CHECKPOINT_VERSION, "spec": spec_to_dict(checkpoint.spec)}
    kind = np.float16 if half else np.float32
    arrays = {name: np.ascontiguousarray(array, dtype=kind) for name, array in checkpoint.weights.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(save(arrays, metadata={"edgefashion": json.dumps(header)}))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint.

    Raises:
        CheckpointError: no such file, not a checkpoint, damaged, or of a newer version.
        MissingExtraError: safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingExtraError("train", "Reading a checkpoint") from error
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint '{path}'. Give a run folder or a .safetensors file.")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get("edgefashion", ""))
            weights = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
        version = header.pop("checkpoint_version")
        if version > CHECKPOINT_VERSION:
            raise CheckpointError(
                f"'{path}' is a checkpoint of version {version}; this EdgeFashion reads {CHECKPOINT_VERSION}."
            )
        header["ranges"] = {name: (float(low), float(high)) for name, (low, high) in header["ranges"].items()}
        header["labels"] = tuple(header["labels"])
        header["heads"] = {name: tuple(labels) for name, labels in header.get("heads", {}).items()}
        spec = spec_from_dict(header.pop("spec"))
        asked, held = least_weights(spec), sum(array.size for array in weights.values())
        if asked > held or spec.height * spec.width > LARGEST_INPUT:
            raise CheckpointError(
                f"'{path}' describes a network of {asked:,} weights and {spec.height} x {spec.width} pixels, and holds "
                f"{held:,} weights: it is damaged."
            )
        return Checkpoint(spec=spec, weights=weights, **header)
    except CheckpointError:
        raise
    except (
        SafetensorError,
        RecipeError,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
    ) as error:
        raise CheckpointError(f"'{path}' is not an EdgeFashion checkpoint, or it is damaged: {error}.") from error
