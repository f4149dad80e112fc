"""Outlines of drawn garments: each type as layers, from the back to the front; `SHAPES` lists them all."""

from collections.abc import Callable

import numpy as np

from edgefashion.data import garment_tops as tops
from edgefashion.data.garment_layers import Layer, both, disc, line, shape, smooth


def _legs(length: float, ankle: float, knee: float, hip: float = 0.42, gap: float = 0.05) -> list[Layer]:
    """Waistband, fly, pockets and two legs `length` units long below the band."""
    crotch = 0.62
    leg = [
        (-0.02, 0.05, 1),
        (0.34, 0.05, 1),
        (hip, 0.4),
        (0.3 + knee * 0.5, (crotch + length) / 2),
        (gap + 0.1 + ankle, length, 1),
        (gap, length + 0.012, 1),
        (gap * 0.8, (crotch + length) / 2),
        (0.01, crotch, 1),
    ]
    band = [(0, 0.0), (0.2, -0.008), (0.345, -0.02, 1), (0.352, 0.075, 1), (0.2, 0.088), (0, 0.095)]
    back = [(0, -0.045), (0.25, -0.045), (0.345, -0.02, 1), (0, 0.03)]
    hem = both(line((gap + 0.01, length - 0.045), (gap + 0.08 + ankle, length - 0.05), tone=0.8))
    pocket = both(line((0.2, 0.09), (0.26, 0.2), (0.385, 0.24), tone=0.7))
    fly = [line((0.0, 0.09), (0.0, crotch), tone=0.68), line((0.07, 0.09), (0.06, 0.3), (0.0, 0.38), tone=0.8)]
    loops = both(Layer(np.array([(0.2, -0.01), (0.2, 0.09)]), 0.85, 0.022))
    legs = both(Layer(smooth(leg)))
    return [shape(back, 0.55), *legs, *hem, *fly, *pocket, shape(band, 1.02), *loops, disc(0.0, 0.045, 0.017)]


def pants() -> list[Layer]:
    """Long trousers."""
    return _legs(2.0, 0.19, 0.11)


def shorts() -> list[Layer]:
    """Trousers that end above the knee."""
    return _legs(1.0, 0.285, 0.26, hip=0.44, gap=0.07)


def _pleats(top_y: float, bottom_y: float, top_x: float, bottom_x: float, count: int) -> list[Layer]:
    layers = []
    for number in range(count):
        share = (number + 0.5) / count * 2 - 1
        start = (share * top_x, top_y + 0.03)
        middle = (share * (top_x + bottom_x) / 2, (top_y + bottom_y) / 2)
        layers.append(line(start, middle, (share * bottom_x, bottom_y - 0.01), width=0.012, tone=0.84))
    return layers


def _wavy(width: float, y: float, waves: int, depth: float) -> list[tuple[float, ...]]:
    """The right half of a hem with folds, from the side to the axis."""
    points: list[tuple[float, ...]] = []
    for number in range(waves):
        share = 1 - number / waves
        points.append((width * share, y + depth * (0.4 + (number % 2)) - 0.05 * share**2))
    return points


def skirt() -> list[Layer]:
    """Waistband, flared, pleated."""
    body = [(0, 0.04), (0.32, 0.03, 1), (0.45, 0.4), (0.62, 1.05, 1), *_wavy(0.57, 1.09, 4, 0.025), (0, 1.11)]
    band = [(0, -0.04), (0.33, -0.05, 1), (0.335, 0.045, 1), (0, 0.055)]
    return [shape(body), *_pleats(0.06, 1.1, 0.3, 0.55, 7), shape(band, 1.03)]


def dress() -> list[Layer]:
    """Short sleeves, fitted waist, flared skirt."""
    sleeves = tops.upper(0.22, hem=0.86, waist=0.35, bottom=0.33, shoulder=0.42, cuff=0.13, spread=0.8, depth=0.17)
    skirt_ = [(0, 0.8), (0.33, 0.8, 1), (0.46, 1.2), (0.66, 1.95, 1), *_wavy(0.6, 2.0, 5, 0.03), (0, 2.02)]
    belt = [(0, 0.79), (0.335, 0.77, 1), (0.34, 0.84, 1), (0, 0.86)]
    return [*sleeves, shape(skirt_, 1.0), *_pleats(0.85, 2.0, 0.3, 0.58, 6), shape(belt, 0.82)]


def _shoe(dx: float, dy: float) -> list[Layer]:
    """One sneaker from the side, toe to the right."""
    upper = [
        (-0.5, 0.3, 1),
        (-0.53, 0.05),
        (-0.47, -0.2, 1),
        (-0.3, -0.17),
        (-0.13, -0.22, 1),
        (0.08, -0.04),
        (0.36, 0.06),
        (0.55, 0.17),
        (0.57, 0.3, 1),
    ]
    opening = [(-0.47, -0.2), (-0.3, -0.235), (-0.13, -0.22), (-0.3, -0.16)]
    sole = [
        (-0.53, 0.27, 1),
        (0.1, 0.27),
        (0.6, 0.25, 1),
        (0.63, 0.33),
        (0.56, 0.4),
        (0.0, 0.385),
        (-0.5, 0.4),
        (-0.56, 0.34),
    ]
    toe = [(0.36, 0.275, 1), (0.4, 0.12), (0.54, 0.155), (0.585, 0.27, 1)]
    white = (232, 230, 224)
    layers = [
        Layer(smooth(opening), 0.4),
        Layer(smooth(upper)),
        Layer(smooth(toe), 1.0, paint=white),
        Layer(smooth(sole), 1.0, paint=white),
        line((-0.55, 0.335), (0.1, 0.33), (0.61, 0.32), tone=0.8),
        line((-0.36, -0.17), (-0.33, 0.05), (-0.34, 0.27), tone=0.75),
        line((-0.04, -0.12), (-0.1, 0.06), (0.02, 0.27), tone=0.75),
    ]
    for number in range(5):
        x, y = -0.12 + number * 0.095, -0.16 + number * 0.058
        layers.append(Layer(smooth([(x, y), (x + 0.045, y + 0.1)], closed=False), 1.0, 0.026, paint=white))
    offset = np.array([dx, dy])
    return [Layer(item.points + offset, item.tone, item.width, item.turn, item.paint, item.raised) for item in layers]


def shoes() -> list[Layer]:
    """A pair of sneakers from the side."""
    return [*_shoe(0.16, -0.42), *_shoe(-0.12, 0.3)]


def hat() -> list[Layer]:
    """A peaked cap from the side."""
    crown = [
        (-0.5, 0.35, 1),
        (-0.52, 0.05),
        (-0.33, -0.25),
        (0.0, -0.33),
        (0.3, -0.2),
        (0.44, 0.1),
        (0.45, 0.36, 1),
        (0, 0.4),
    ]
    peak = [(0.12, 0.34, 1), (0.44, 0.3), (0.75, 0.36), (0.96, 0.5), (0.94, 0.55), (0.6, 0.47), (0.2, 0.47)]
    seams = [
        line((0.0, -0.33), (0.12, 0.0), (0.12, 0.38), tone=0.75),
        line((0.0, -0.33), (-0.25, -0.05), (-0.3, 0.37), tone=0.75),
        line((-0.5, 0.3), (0, 0.345), (0.45, 0.3), tone=0.8),
        line((0.3, 0.43), (0.6, 0.43), (0.9, 0.52), tone=0.85),
    ]
    return [Layer(smooth(crown)), *seams, Layer(smooth(peak), 0.95), disc(0.0, -0.335, 0.035, tone=0.9)]


SHAPES: dict[str, Callable[[], list[Layer]]] = {
    "t-shirt": tops.t_shirt,
    "shirt": tops.shirt,
    "polo": tops.polo,
    "longsleeve": tops.longsleeve,
    "hoodie": tops.hoodie,
    "top": tops.top,
    "undershirt": tops.undershirt,
    "blouse": tops.blouse,
    "outwear": tops.outwear,
    "blazer": tops.blazer,
    "pants": pants,
    "shorts": shorts,
    "skirt": skirt,
    "dress": dress,
    "body": tops.body,
    "shoes": shoes,
    "hat": hat,
}
