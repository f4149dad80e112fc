"""Outlines of drawn tops, jackets and bodysuits: each type as layers, from the back to the front."""

import math

import numpy as np

from edgefashion.data.garment_layers import Layer, both, disc, line, shape, smooth, whole


def upper(
    sleeve: float,
    hem: float = 1.32,
    neck: float = 0.2,
    depth: float = 0.14,
    shoulder: float = 0.47,
    waist: float = 0.44,
    bottom: float = 0.46,
    cuff: float = 0.13,
    spread: float = 0.62,
    v_neck: bool = False,
) -> list[Layer]:
    """Torso, inside of the back, and sleeves `sleeve` units long; `spread` is their angle from the vertical."""
    layers: list[Layer] = []
    arm_x, arm_y = waist + 0.03, 0.42
    if sleeve:
        along = np.array([math.sin(spread), math.cos(spread)])
        across = np.array([along[1], -along[0]])
        top = np.array([shoulder - 0.02, 0.075])
        low = np.array([arm_x - 0.05, arm_y + 0.02])
        end_top = top + along * sleeve + across * 0.02
        end_low = end_top - across * cuff * 2
        middle_top = (top + end_top) / 2 + across * 0.025
        middle_low = (low + end_low) / 2 - across * 0.015
        outline = [
            (shoulder - 0.2, 0.06, 1),
            (*top,),
            (*middle_top,),
            (*end_top, 1),
            (*end_low, 1),
            (*middle_low,),
            (*low,),
            (arm_x - 0.22, arm_y - 0.05, 1),
        ]
        layers += both(Layer(smooth(outline), 0.97, turn=spread))
        inset = along * 0.045
        hem_line = np.stack([end_top - inset, end_low - inset])
        layers += both(Layer(hem_line, 0.8, 0.008, raised=False))
    layers.append(Layer(smooth(whole([(0, -0.03), (neck * 0.7, -0.02), (neck, 0.0, 1), (0, depth + 0.02)])), 0.55))
    front = [(0, depth, 1)] if v_neck else [(0, depth)]
    torso = [
        *front,
        *([] if v_neck else [(neck * 0.72, depth * 0.62)]),
        (neck, 0.0, 1),
        (shoulder, 0.075),
        (shoulder + (0.0 if sleeve else -0.05), 0.2),
        (arm_x, arm_y),
        (waist, 0.8),
        (bottom, hem - 0.03),
        (bottom - 0.015, hem, 1),
        (0, hem + 0.018),
    ]
    layers.append(Layer(smooth(whole(torso))))
    layers.append(line((-bottom + 0.02, hem - 0.045), (0, hem - 0.028), (bottom - 0.02, hem - 0.045), tone=0.82))
    if sleeve:
        layers += both(line((shoulder, 0.085), (shoulder - 0.035, 0.24), (arm_x - 0.01, arm_y), tone=0.78))
    if not v_neck:
        edge = depth + 0.042
        out = neck + 0.035
        layers.append(line((-out, 0.01), (-out * 0.75, edge * 0.68), (0, edge), (out * 0.75, edge * 0.68), (out, 0.01)))
    return layers


def _placket(end: float, buttons: int, start: float = 0.16, width: float = 0.045) -> list[Layer]:
    """A row of buttons on the front edge."""
    layers = [*both(line((width, start), (width, end), tone=0.84, curve=False))]
    for number in range(buttons):
        y = start + 0.06 + (end - start - 0.12) * number / max(1, buttons - 1)
        layers.append(disc(0.0, y, 0.013, (235, 232, 225)))
    return layers


def _collar(neck: float, tip: float, out: float) -> list[Layer]:
    """A turned-down collar: two wings from the neck to the tips."""
    wing = [(0.0, 0.1, 1), (neck * 0.55, 0.0), (neck + 0.01, -0.035, 1), (neck + 0.07, 0.03, 1), (out, tip, 1)]
    stand = [(0, -0.06), (neck * 0.8, -0.05), (neck + 0.02, -0.02, 1), (0, 0.03)]
    return [Layer(smooth(whole(stand)), 0.7), *both(Layer(smooth(wing), 1.06, turn=0.5))]


def _lapels(depth: float) -> list[Layer]:
    """Wide lapels of a jacket that meet at `depth`."""
    lapel = [(0.02, depth, 1), (0.1, depth * 0.55), (0.16, -0.02, 1), (0.25, 0.1, 1), (0.2, depth * 0.5, 1)]
    notch = [(0.1, -0.04, 1), (0.2, -0.03, 1), (0.3, 0.12, 1), (0.22, 0.2, 1)]
    return [*both(Layer(smooth(notch), 0.95, turn=0.4)), *both(Layer(smooth(lapel), 1.08, turn=0.3))]


def _pocket(x: float, y: float, width: float = 0.16, height: float = 0.18) -> list[Layer]:
    box = [(x, y), (x + width, y), (x + width, y + height), (x + width / 2, y + height + 0.03), (x, y + height), (x, y)]
    return [line(*box, tone=0.8, curve=False)]


def t_shirt() -> list[Layer]:
    """Short sleeves, round neck."""
    return upper(0.34, cuff=0.155, spread=0.78)


def shirt() -> list[Layer]:
    """Long sleeves, collar, a full row of buttons, a breast pocket."""
    sleeves = upper(1.2, hem=1.36, neck=0.16, depth=0.1, cuff=0.085, spread=0.3)
    return [*sleeves, *_placket(1.36, 7), *_pocket(0.14, 0.36), *_collar(0.16, 0.17, 0.14)]


def polo() -> list[Layer]:
    """Short sleeves, collar, a short row of buttons."""
    return [*upper(0.33, neck=0.16, depth=0.1, spread=0.74), *_placket(0.42, 3, 0.13), *_collar(0.16, 0.15, 0.15)]


def longsleeve() -> list[Layer]:
    """Long sleeves, round neck."""
    return upper(1.2, cuff=0.085, spread=0.32)


def hoodie() -> list[Layer]:
    """Long sleeves, hood, cords, front pocket."""
    hood = [(0, -0.3), (0.2, -0.24), (0.29, -0.02), (0.24, 0.14, 1), (0.1, 0.2), (0, 0.22)]
    inside = [(0, -0.2), (0.12, -0.16), (0.17, 0.0), (0.1, 0.13), (0, 0.19, 1)]
    pocket = [(0, 0.9, 1), (0.2, 0.9, 1), (0.33, 1.1, 1), (0.33, 1.22, 1), (0, 1.22)]
    cord = both(Layer(smooth([(0.06, 0.16), (0.08, 0.32), (0.07, 0.5)], closed=False), 1.3, 0.018))
    body = upper(1.16, hem=1.3, shoulder=0.5, waist=0.48, bottom=0.45, cuff=0.095, spread=0.33)
    band = line((-0.44, 1.22), (0, 1.24), (0.44, 1.22), tone=0.75)
    return [*body, band, Layer(smooth(whole(hood))), Layer(smooth(whole(inside)), 0.5), *cord, shape(pocket, 1.03)]


def top() -> list[Layer]:
    """Thin straps, short, wide neck."""
    straps = both(Layer(smooth([(0.23, 0.3), (0.25, 0.1), (0.22, -0.04)], closed=False), 1.0, 0.035))
    body = [
        (0, 0.26),
        (0.16, 0.24),
        (0.27, 0.17, 1),
        (0.36, 0.34),
        (0.4, 0.42, 1),
        (0.36, 0.75),
        (0.4, 1.05, 1),
        (0, 1.07),
    ]
    hem = line((-0.38, 1.01), (0, 1.03), (0.38, 1.01), tone=0.82)
    return [*straps, shape(body), hem, line((-0.24, 0.2), (0, 0.3), (0.24, 0.2))]


def undershirt() -> list[Layer]:
    """No sleeves, wide straps, deep neck."""
    back = [(0, 0.08), (0.12, 0.06), (0.19, -0.02, 1), (0, 0.3)]
    body = [
        (0, 0.32),
        (0.12, 0.26),
        (0.17, 0.0, 1),
        (0.29, 0.0, 1),
        (0.31, 0.28),
        (0.43, 0.48, 1),
        (0.42, 0.85),
        (0.44, 1.33, 1),
        (0, 1.35),
    ]
    return [shape(back, 0.55), shape(body), line((-0.42, 1.29), (0, 1.31), (0.42, 1.29), tone=0.82)]


def blouse() -> list[Layer]:
    """Wide long sleeves, a bow at the neck, gathered hem."""
    body = upper(1.05, hem=1.2, neck=0.17, depth=0.12, bottom=0.5, cuff=0.16, spread=0.36)
    loop = both(Layer(smooth([(0.0, 0.12), (0.12, 0.06), (0.2, 0.13), (0.1, 0.18)]), 1.05))
    tail = both(Layer(smooth([(0.0, 0.14, 1), (0.05, 0.2), (0.11, 0.45, 1), (0.05, 0.47, 1)]), 0.98))
    return [*body, *tail, *loop, disc(0, 0.13, 0.03, tone=0.95)]


def outwear() -> list[Layer]:
    """A jacket: collar, zip, slanted pockets."""
    body = upper(1.16, hem=1.34, shoulder=0.52, waist=0.5, bottom=0.49, cuff=0.1, spread=0.3, neck=0.17, depth=0.1)
    zip_ = Layer(np.array([(0.0, 0.08), (0.0, 1.34)]), 1.0, 0.022, paint=(90, 92, 96), raised=False)
    flaps = both(line((0.04, 0.1), (0.05, 0.7), (0.04, 1.33), tone=0.75))
    pockets = both(Layer(smooth([(0.18, 1.02), (0.3, 0.78)], closed=False), 0.55, 0.022, raised=False))
    yoke = line((-0.5, 0.36), (0, 0.34), (0.5, 0.36), tone=0.78)
    return [*body, yoke, *flaps, zip_, *pockets, *_collar(0.19, 0.22, 0.2)]


def blazer() -> list[Layer]:
    """A tailored jacket: lapels, two buttons, flap pockets, the lining at the neck."""
    body = upper(1.2, hem=1.36, shoulder=0.51, waist=0.44, bottom=0.5, cuff=0.095, spread=0.27, depth=0.66, v_neck=True)
    lining = Layer(smooth(whole([(0, -0.02), (0.15, -0.02), (0.2, 0.02, 1), (0, 0.62, 1)])), 1.0, paint=(70, 62, 66))
    edge = line((0.0, 0.66), (0.01, 1.0), (0.08, 1.36), tone=0.6)
    flap = both(Layer(smooth([(0.2, 0.95, 1), (0.38, 0.93, 1), (0.385, 1.0, 1), (0.2, 1.02, 1)]), 0.95))
    buttons = [disc(0.03, 0.72, 0.02, (45, 40, 38)), disc(0.035, 0.88, 0.02, (45, 40, 38))]
    return [lining, *body[:-3], *body[-2:], edge, *flap, *_lapels(0.66), *buttons]


def body() -> list[Layer]:
    """A baby's bodysuit: short sleeves, envelope neck, snaps between the legs."""
    shirt_ = upper(0.24, hem=1.0, neck=0.24, depth=0.13, shoulder=0.4, waist=0.4, bottom=0.42, cuff=0.15, spread=0.85)
    pants_ = [(0, 0.9), (0.42, 0.92, 1), (0.43, 1.08), (0.36, 1.16, 1), (0.2, 1.24), (0.13, 1.4, 1), (0, 1.41)]
    snaps = [disc(x, 1.365, 0.016, (225, 225, 228)) for x in (-0.075, 0.0, 0.075)]
    laps = both(line((0.41, 0.2), (0.3, 0.12), (0.22, 0.03), tone=0.75))
    keep = [layer for layer in shirt_ if not (layer.width and layer.points[:, 1].min() > 0.9)]
    return [*keep, *laps, Layer(smooth(whole(pants_)), 1.0, raised=False), *snaps]
