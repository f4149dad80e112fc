"""Figures in the sentences of README and ARCHITECTURE: what they must say by the committed results and model cards.

The sentences are written by hand, since whether a figure is good is for people to say; `missing` tells which no longer
hold.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from benchmarks.result import RESULTS, Result
from benchmarks.subject import ROOT
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED

CARDS = ROOT / "docs" / "models"


def missing(root: Path = ROOT) -> list[str]:
    """What a page should say and doesn't, one line each."""
    said = {
        name: " ".join((root / name).read_text(encoding="utf-8").split()) for name in ("README.md", "ARCHITECTURE.md")
    }
    phrases = {"README.md": readme_phrases(), "ARCHITECTURE.md": architecture_phrases()}
    return [f"{name} should say: {line}" for name, lines in phrases.items() for line in lines if line not in said[name]]


def readme_phrases(results: Path = RESULTS, cards: Path = CARDS) -> list[str]:
    """Pieces of the README's sentences with the figures that the results and the cards give."""
    return [
        *_garment_phrases(cards),
        *_fashion_mnist_phrases(results),
        *_cost_phrases(results),
        *_other_phrases(results),
    ]


def architecture_phrases(results: Path = RESULTS) -> list[str]:
    """The same for ARCHITECTURE.md."""
    rows = [_row(results, "resize-probe", rule) for rule in ("stretch", "pad", "crop")]
    right, same = ([row[column] for row in rows] for column in ("top-1", "same answer in the client"))
    return [
        f"({', '.join(_short(value) for value in right)} of 826 photos)",
        f"gives the same answer for {', '.join(_short(value, 2) for value in same)} of them",
    ]


def _garment_phrases(cards: Path) -> list[str]:
    base, small = ((cards / f"garment-{size}.md").read_text(encoding="utf-8") for size in ("base", "small"))
    top, ten, worn = (
        _line(base, part, "top-1") for part in ("## How good", "clothing-ten", "Garments as they are worn")
    )
    checked = _line(base, "clothing-ten-checked", "top-1")
    views, same = (_line(base, "ten views", row)[0] for row in ("top-1, mean over the views", "the same answer"))
    inner = _line(base, "ten views", "top-1, mean over the views")[1]
    small_top, small_ten = (_line(small, part, "top-1") for part in ("## How good", "clothing-ten"))
    small_views = _line(small, "ten views", "top-1, mean over the views")[0]
    pattern, detail = (_line(base, "besides the type", row)[1].split()[0] for row in ("pattern", "detail"))
    others = _line(base, "Does it know", "others turned away")
    strangers, small_strangers = (_line(card, "And pictures", "others turned away") for card in (base, small))
    found, small_found = (_line(card, "by embedding", "one such found")[-1] for card in (base, small))
    kept = _line(small, "Does it know", "garments kept")[1]
    lost = [100 * (Decimal(before[0]) - Decimal(after[0])) for before, after in ((top, small_top), (ten, small_ten))]
    return [
        f"gets {_short(ten[0])} of 608 validation pictures right in int8 (95 % interval {_span(ten[1])}",
        f"labels, and {_short(checked[0])} ({_span(checked[1])}) by a second look at them",
        f"all 17 types it is {_short(top[0])}",
        f"{_short(views)} of them (mean of ten views, {_span(inner)};",
        f"answers alike in all ten views of {_short(same, 2)} of them",
        f"On people in the street it gets {_short(worn[0])} of the types right",
        f"Patterns are right on {_short(pattern)}, details",
        f"given the type, on {_short(detail)} of the validation pictures",
        f'It says "not sure" of {_short(others[1])} of held-out street pictures and heads',
        f"and of {_short(strangers[1])} ({_span(strangers[2])}) of {strangers[0]} things",
        f"`garment-small` turns {_short(small_strangers[1])} of them away ({_span(small_strangers[2])}), and keeps "
        f"{_short(kept)} of the photos",
        f"right on {_short(small_top[0])} of the types ({_span(small_top[1])}) and {_short(small_ten[0])} of the ten "
        f"classes: {_short(lost[0], 1)} and {_short(lost[1], 1)} points less",
        f"of the types in ten views {_short(small_views)} after {_short(views)}",
        f"among the first five less often ({_short(small_found)} after {_short(found)})",
    ]


def _fashion_mnist_phrases(results: Path) -> list[str]:
    nano, small = (ModelFile.read(SHIPPED[f"fashion-mnist-{size}"]) for size in ("nano", "small"))
    judged = [model.card.accuracy["int8"] for model in (nano, small) if model.card is not None]
    parent = 0 if nano.card is None else nano.card.accuracy["float"]["top1"]
    keras = _row(results, "peers-fashion-mnist", "keras-cnn")
    published = {
        name: _short(_row(results, "peers-fashion-mnist", f"published: {name}")["accuracy"])
        for name in ("two convolutions", "DenseNet-BC", "Fine-Tuning DARTS")
    }
    first, second = ("{:.3f} to {:.3f}".format(*item["interval"]) for item in judged)
    return [
        f"gets {judged[0]['top1']:.3f} of Fashion-MNIST's {judged[0]['n']:,} test pictures right in int8 ({first}; its "
        f"float parent {parent:.3f}) in {len(nano.content) / 1000:.1f} kB",
        f"gets {judged[1]['top1']:.3f} of them ({second}) in {len(small.content) / 1000:.0f} kB",
        f"that we found published ({published['two convolutions']})",
        f"{published['DenseNet-BC']} (DenseNet",
        f"{published['Fine-Tuning DARTS']} (a fine-tuned DARTS",
        f"Keras's example network gets {_short(keras['accuracy'])} in {keras['raw bytes'] / 1000:.0f} kB",
    ]


def _cost_phrases(results: Path) -> list[str]:
    path = {
        call: _row(results, "whole-path", call, 1)["ratio"]
        for call in ("classify, JPEG bytes", "classify, 12-megapixel JPEG bytes", "MediaPipe, JPEG file",
                     "MediaPipe, 12-megapixel JPEG file")
    }  # fmt: skip
    int8 = _row(results, "precision", "garment-base", "int8")["latency ratio"]
    times = {limit.what.partition(":")[0]: limit.measured for limit in Result.read(results / "latency.json")[0].limits}
    return [
        f"It takes {int8:.2f} of float32's time on an x86",
        f"reaches {_row(results, 'limit', 'garment-base', 1)['fraction of the limit']:.2f} of the multiply-accumulates",
        f"640 × 480 takes {path['classify, JPEG bytes']:.1f} times the bare network",
        f"(MediaPipe {path['MediaPipe, JPEG file']:.1f}:",
        f"12 megapixels {path['classify, 12-megapixel JPEG bytes']:.1f} times "
        f"(MediaPipe {path['MediaPipe, 12-megapixel JPEG file']:.0f})",
        f"({SHIPPED['garment-small'].stat().st_size / 1e6:.2f} MB,",
        f"without int8 instructions and {times['garment-small']:.2f} on one with them",
        f"and {times['garment-base']:.2f}, bar 1.0",
    ]


def _other_phrases(results: Path) -> list[str]:
    apps = {(row["camera"], row["app"]): row for row in _rows(results, "app")}
    cameras = ("640 × 480", "1280 × 720")
    later, shares = (
        sorted(apps[camera, top][column] / apps[camera, under][column] for camera in cameras)
        for column, top, under in (
            ("capture → label, times the bare network", "edgefashion", "tutorial"),
            ("UI thread, ms a frame", "edgefashion", "tutorial"),
        )
    )
    own, plain = (_row(results, "labels", f"{name}, cross-validated") for name in ("garment-base", "ImageNet only"))
    percent = [_short(100 * Decimal(str(value)), 0) for value in (
        own["exchanged, found"], own["unseen, found"], plain["exchanged, found"])]  # fmt: skip
    resize, once, again = (
        _row(results, "resize", row) for row in ("stretch", "a small garment alone", "and looked at again where unsure")
    )
    return [
        f"right on {_short(again['top-1'])} of the types after {_short(once['top-1'])}, for three times",
        f"with `Classifier` on {_short(again['agrees, stretch'])} of the 826",
        f"gets the same type on {_short(resize['agrees, plain stretch'])} of 826 photos",
        f"The app takes {apps[cameras[0], 'edgefashion']['memory, MB']:.0f} MB at 640 × 480",
        f"{apps['–', 'window']['memory, MB']:.0f} of them are an empty Kivy window",
        f"takes {later[0]:.1f} to {later[1]:.1f} times as long as a tutorial's app",
        f"take {shares[0]:.2f} to {shares[1]:.2f} of its time on the thread that draws",
        f"finds {percent[0]} % of exchanged labels among as many flagged ({percent[1]} % on contributors that the "
        f"model never saw) and {own['ten_class, in 5 %']} disputed ones",
        f"with ImageNet features alone {percent[2]} % and {plain['ten_class, in 5 %'].split()[0]}",
    ]


def _rows(results: Path, suite: str) -> list[dict[str, Any]]:
    result, _ = Result.read(results / f"{suite}.json")
    return [dict(zip(result.columns, row, strict=True)) for row in result.rows]


def _row(results: Path, suite: str, *first: Any) -> dict[str, Any]:
    """The first row of a suite that begins with these cells."""
    return next(row for row in _rows(results, suite) if tuple(row.values())[: len(first)] == first)


def _line(card: str, after: str, first: str) -> list[str]:
    """The cells behind the first in the next line of a card's table that begins so, below the text `after`."""
    lines = card[card.index(after) :].splitlines()
    return next(line for line in lines if line.startswith(f"| {first}")).strip("| ").split(" | ")[1:]


def _short(value: Any, digits: int = 3) -> str:
    """A decimal rounded as people do it, halves away from zero."""
    return str(Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def _span(interval: str) -> str:
    """ "0.8252 to 0.8737" with three digits."""
    low, high = interval.split()[:3:2]
    return f"{_short(low)} to {_short(high)}"
