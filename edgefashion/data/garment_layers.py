"""What drawn garments are made of: curves, seams, buttons and pieces of cloth.

Coordinates are garment units: x to the right from the middle axis, y downwards from the shoulder or the waistband;
an adult's torso is about one unit wide. The numbers were set by eye against flat-laid clothes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """One piece to draw.

    Attributes:
        points: float64 (n, 2), a polygon, or a line where `width` is set.
        tone: Factor on the brightness of the cloth; 1 is unchanged.
        width: Thickness of a line in garment units; 0 makes a filled polygon.
        turn: Angle of the cloth's pattern in radians.
        paint: Colour of its own as RGB 0-255; None takes the garment's cloth.
        raised: Whether the piece lies on the others: a polygon throws a soft shadow, a line is a strap of the cloth.
            A line that isn't raised is a seam that darkens what it runs over.
    """

    points: Points
    tone: float = 1.0
    width: float = 0.0
    turn: float = 0.0
    paint: tuple[int, int, int] | None = None
    raised: bool = True


def smooth(points: Sequence[tuple[float, ...]], steps: int = 12, closed: bool = True) -> Points:
    """Gives a curve through the points (Catmull-Rom spline); a point with a third value is a sharp corner.

    Args:
        points: (x, y) or (x, y, anything).
        steps: Points per span.
        closed: Whether the last point is joined to the first.

    Returns:
        float64 (n, 2).
    """
    count = len(points)
    spans = count if closed else count - 1
    xy = np.array([point[:2] for point in points], dtype=np.float64)
    sharp = [len(point) > 2 or (not closed and index in (0, count - 1)) for index, point in enumerate(points)]
    curve = []
    for index in range(spans):
        start, end = xy[index], xy[(index + 1) % count]
        before = start if sharp[index] else xy[index - 1]
        after = end if sharp[(index + 1) % count] else xy[(index + 2) % count]
        for step in range(steps):
            t = step / steps
            curve.append(
                0.5
                * (
                    2 * start
                    + (end - before) * t
                    + (2 * before - 5 * start + 4 * end - after) * t * t
                    + (3 * start - before - 3 * end + after) * t**3
                )
            )
    if not closed:
        curve.append(xy[-1])
    return np.array(curve)


def mirror(points: Points) -> Points:
    """Gives the points on the other side of the middle axis."""
    return np.asarray(points * np.array([-1.0, 1.0]))


def both(layer: Layer) -> list[Layer]:
    """Gives the layer and its mirror image."""
    twin = Layer(mirror(layer.points), layer.tone, layer.width, -layer.turn, layer.paint, layer.raised)
    return [layer, twin]


def line(*points: Point, width: float = 0.008, tone: float = 0.72, curve: bool = True) -> Layer:
    """A seam: a thin darker line through the points."""
    path = smooth(points, closed=False) if curve else np.array(points)
    return Layer(path, tone, width, raised=False)


def disc(x: float, y: float, radius: float, paint: tuple[int, int, int] | None = None, tone: float = 0.6) -> Layer:
    """A button, an eyelet or a snap."""
    angle = np.linspace(0, 2 * math.pi, 20, endpoint=False)
    return Layer(np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1), tone, paint=paint)


def whole(half: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Gives a symmetric outline from its right half, listed from the top axis to the bottom axis."""
    left = [(-point[0], *point[1:]) for point in reversed(half) if abs(point[0]) > 1e-9]
    return [*half, *left]


def shape(half: Sequence[tuple[float, ...]], tone: float = 1.0) -> Layer:
    """Gives a filled piece of cloth from its right half."""
    return Layer(smooth(whole(half)), tone)
