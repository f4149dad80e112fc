"""A recipe: everything that decides how a model comes out, as frozen dataclasses; `recipe_file` reads them from TOML.

The digest of a recipe names it in run.json and in the card.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Data:
    """Which pictures: `source` as `edgefashion data check` takes it.

    The splits `train` train, `tune` sets temperature and threshold, `held_out` judges. The training pictures of the
    sources `extra` are added to those of `source`, which alone is judged.
    """

    source: str
    taxonomy: str = ""
    train: tuple[str, ...] = ("train",)
    tune: str = "validation"
    held_out: str = "validation"
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """Which network: a key of `ARCHITECTURES`, its input in pixels, and where its first weights come from.

    `weights`: "" (random), "efficientnet-lite0" (ImageNet, from the package of that name), a checkpoint's path or
    shipped name, or a recipe that is trained first.
    `folded`: batch normalisation is merged before training and its statistics stay as they are.
    `frozen`: so many blocks, and the stem before them, keep their weights and batch statistics until quantise-aware
    training: what they see in every photo is the same, and most of an epoch's time is theirs.
    `bfloat16`: it and its teachers multiply in bfloat16 while it trains (`training/bfloat16.py`), but for the last
    layer, `prune-weights` and quantise-aware training.
    `heads`: attributes that are learnt beside the type (columns of the manifest); `head_weight`: of each one's loss;
    `auxiliary`: those of them that only help to learn: the finished network leaves them out.
    """

    architecture: str
    height: int = 0
    width: int = 0
    weights: str = ""
    folded: bool = False
    frozen: int = 0
    bfloat16: bool = False
    dropout: float = 0.2
    drop_path: float = 0.0
    heads: tuple[str, ...] = ()
    head_weight: float = 0.3
    auxiliary: tuple[str, ...] = ()


@dataclass(frozen=True)
class Augment:
    """What training pictures suffer. Shares are of the picture's side, rotations in degrees, probabilities 0–1.

    `scale`: smallest share of the area that a crop keeps; `aspect`: largest stretch of it; `blur`: largest share of a
    5 × 5 binomial blur that is blended in; `erase`: probability of a grey patch; `mixup`: parameter of the Beta
    distribution (Zhang et al. 2018, arXiv 1710.09412), 0 is off; `floor`: probability that a photo's garment is laid on
    the floor of another one (`training/floors.py`; needs the extra `cut-out`), while a teacher sees the one that it is
    on: in [fit], [refine], [distil] and [prune-channels].
    """

    flip: bool = True
    rotate: float = 0.0
    scale: float = 1.0
    aspect: float = 1.0
    shift: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    cast: float = 0.0
    blur: float = 0.0
    erase: float = 0.0
    mixup: float = 0.0
    floor: float = 0.0

    def scaled(self, strength: float) -> Augment:
        """The same changes, weaker: strength 0 leaves plain pictures, 1 changes nothing."""
        if strength == 0.0:
            return Augment(flip=False)
        values = {name: value * strength for name, value in dataclasses.asdict(self).items() if name != "flip"}
        values["scale"] = 1.0 - (1.0 - self.scale) * strength
        values["aspect"] = 1.0 + (self.aspect - 1.0) * strength
        return Augment(flip=self.flip, **values)


@dataclass(frozen=True)
class Schedule:
    """How long and how hard a stage trains: AdamW (Loshchilov & Hutter 2019) with warm-up and cosine decay.

    `epochs`, `batch` pictures, `learning_rate` at the top, `weight_decay`, `warmup` epochs, label `smoothing`,
    `average` (decay a step of the exponential average of weights, 0 is off), `strength` of the augmentation (0 trains
    on plain pictures; late stages do better on pictures like those to come), `constant` (the learning rate stays as it
    is), `balance` (0: every picture once an epoch; 1: every label equally often), `cycle` (after so many epochs the
    same pictures come again, changed alike and in the same order, so that a teacher is asked about each only once; 0:
    never).
    """

    epochs: int
    batch: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    warmup: float = 0.0
    smoothing: float = 0.0
    average: float = 0.0
    strength: float = 1.0
    constant: bool = False
    balance: float = 0.0
    cycle: int = 0


@dataclass(frozen=True)
class Distil(Schedule):
    """Training against other networks' mean probabilities (Hinton et al. 2015, arXiv 1503.02531).

    `teachers`: names or paths of their recipes; `weight`: share of their loss, on the pictures of the recipe's own
    source and of the extra ones that they learnt from too; `temperature`: softens both; `courses`: so many trainings
    from the same weights, each in another order, whose results are averaged (Wortsman et al. 2022, arXiv 2203.05482).
    """

    teachers: tuple[str, ...] = ()
    weight: float = 0.7
    temperature: float = 2.0
    courses: int = 1


@dataclass(frozen=True)
class Blend:
    """Moves the weights part of the way back to where they come from (WiSE-FT: Wortsman et al. 2022, arXiv 2109.01903).

    Networks with one ancestor lie in one valley: between them is often a better one for photos of others. `start`:
    share of the weights that the run began with, in the last layer only for labels that they knew; `head`: share of
    those that `[head]` gave; `imagenet`: share of the ImageNet weights that come as a package, not in the last layer.
    `others`: recipes of the same network and ancestor, which are trained first; `share`: of their mean weights (model
    soups: Wortsman et al. 2022, arXiv 2203.05482).
    """

    start: float = 0.0
    head: float = 0.0
    imagenet: float = 0.0
    share: float = 0.0
    others: tuple[str, ...] = ()

    @property
    def elsewhere(self) -> float:
        """Share of all that is not what was trained last, 0–1."""
        return self.start + self.head + self.imagenet + self.share


@dataclass(frozen=True)
class PruneKernels:
    """Takes the outermost ring of weights off the depthwise kernels of some blocks; what is left is refitted.

    `blocks`: their numbers, from 0; `batch`, `batches`: the training pictures that it is fitted to.
    """

    blocks: tuple[int, ...]
    batch: int = 32
    batches: int = 16


@dataclass(frozen=True)
class PruneChannels(Schedule):
    """Removes expansion channels, then trains against the unpruned network.

    `keep`: share of the blocks' cost that is left; `of`: what the cost is, "macs" (multiply-accumulates) or "bytes" (of
    the int8 file); `macs`: so much of a channel's share of all multiply-accumulates is added to its share of the bytes;
    `multiple`: what is left of a block is a multiple of it; `batches`: batches that the ranking looks at; `blend`:
    share of the weights before this training that is blended back in after it, as `[blend]` does; `courses`: so many
    trainings from the same beginning, each in another order; the mean of their weights is what stays (model soups:
    Wortsman et al. 2022, arXiv 2203.05482).
    """

    keep: float = 1.0
    of: str = "macs"
    macs: float = 0.0
    multiple: int = 8
    batches: int = 16
    blend: float = 0.0
    courses: int = 1
    weight: float = 0.7
    temperature: float = 2.0


@dataclass(frozen=True)
class PruneWeights(Schedule):
    """Sets the smallest weights to zero (tfmot) until `sparsity` of them are: only the zipped file gets smaller."""

    sparsity: float = 0.0
    weight: float = 0.0
    temperature: float = 2.0


@dataclass(frozen=True)
class LastLayer(Schedule):
    """Trains the last layer alone once more, on further pictures that show no garment.

    Of garments it goes on saying what it says: its own answers, without "no garment", are their targets. A network's
    features often tell apart what its last layer was never asked about (Kirichenko et al. 2023, arXiv 2204.02937).
    `extra`: sources whose training pictures are added here only, one named twice counting twice; garments among them
    keep the others from being told by their floors. `garments_stay`: only what it says of "no garment" is learnt, and
    between garments it answers as before, bit by bit: the further pictures can't cost it any type or attribute.
    """

    extra: tuple[str, ...] = ()
    garments_stay: bool = False


@dataclass(frozen=True)
class QuantiseAware(Schedule):
    """Trains with 8-bit rounding in place (Jacob et al. 2018); keeps the zeros of `prune-weights`.

    `weight`: share of the teacher's loss.
    """

    weight: float = 0.0
    temperature: float = 2.0


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a model comes out. Absent stages are skipped; the order is as written here.

    `head` trains the last layer alone, on what the rest of the network says once of every picture: seconds, not
    minutes. It may be a first step before `fit` (Kumar et al. 2022, arXiv 2202.10054: features that a random last layer
    bends are worse on pictures of others), or all there is. Augmentation plays no part in it: it gave nothing.
    """

    name: str
    data: Data
    model: Model
    version: str = "1.0.0"
    description: str = ""
    seed: int = 1
    augment: Augment = field(default_factory=Augment)
    head: Schedule | None = None
    fit: Schedule | None = None
    refine: Schedule | None = None
    distil: Distil | None = None
    blend: Blend | None = None
    prune_kernels: PruneKernels | None = None
    prune_channels: PruneChannels | None = None
    prune_weights: PruneWeights | None = None
    last_layer: LastLayer | None = None
    quantise_aware: QuantiseAware | None = None

    @property
    def digest(self) -> str:
        """sha256 of what the recipe says, in hex.

        Values that are the defaults are no part of it, so that a new key leaves old digests as they were; nor is where
        the data lie: only what they are called.
        """
        values = _said(self)
        name, _, folder = self.data.source.partition(":")
        values["data"]["source"] = name if folder else Path(name).name
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _said(table: Any) -> dict[str, Any]:
    """The values of a dataclass, and of those inside it, that are not the defaults."""
    said = {}
    for field_ in dataclasses.fields(table):
        value = getattr(table, field_.name)
        if dataclasses.is_dataclass(value):
            said[field_.name] = _said(value)
        elif value != field_.default:
            said[field_.name] = value
    return said
