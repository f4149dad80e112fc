"""The shape that each operator must write. A file that declares another one makes native code read or write too far.

Shapes are static: whatever a shape depends on (axes, paddings, sizes) must be a constant of the file.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

Shape = tuple[int, ...]


class Call(NamedTuple):
    """One use of an operator.

    Attributes:
        shapes: The shapes of its inputs; () for one that is left out.
        constants: The whole numbers of each input that is a small constant of integers; None for any other input.
        options: The values of its options, in the order of `operators.OPERATORS`.
        declared: The shapes that the file declares for its outputs.
    """

    shapes: tuple[Shape, ...]
    constants: tuple[tuple[int, ...] | None, ...]
    options: list[Any]
    declared: tuple[Shape, ...]

    def constant(self, place: int) -> tuple[int, ...]:
        """Return an input's whole numbers, which must be constant."""
        numbers = self.constants[place]
        if numbers is None:
            raise ValueError("an input that must be constant is computed")
        return numbers

    def axis(self, number: int, rank: int | None = None) -> int:
        """Return an axis counted from the front, checked against the rank of the first input."""
        rank = len(self.shapes[0]) if rank is None else rank
        if not -rank <= number < rank:
            raise ValueError(f"axis {number} of {rank}")
        return number % rank


def _same(call: Call) -> list[Shape]:
    return [call.shapes[0]]


def _broadcast(call: Call) -> list[Shape]:
    one, two = call.shapes
    rank = max(len(one), len(two))
    one, two = (1,) * (rank - len(one)) + one, (1,) * (rank - len(two)) + two
    if any(a != b and 1 not in (a, b) for a, b in zip(one, two, strict=True)):
        raise ValueError("inputs that do not broadcast")
    return [tuple(max(a, b) for a, b in zip(one, two, strict=True))]


def _window(call: Call, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> tuple[int, int]:
    """Return height and width after a sliding window; `call.options[0]` is the padding, 0 SAME or 1 VALID."""
    sides = []
    for size, span, step, spread in zip(call.shapes[0][1:3], kernel, stride, dilation, strict=True):
        reach = (span - 1) * spread + 1 if call.options[0] else 1
        sides.append((size + step - reach) // step)
    return sides[0], sides[1]


def _rank(shape: Shape, rank: int) -> Shape:
    """Return a shape of the rank that is needed."""
    if len(shape) != rank:
        raise ValueError(f"an input of {len(shape)} instead of {rank} dimensions")
    return shape


def _bias(call: Call, channels: int) -> None:
    """Check the third input, which may be left out."""
    if len(call.shapes) > 2 and call.shapes[2] and math.prod(call.shapes[2]) != channels:
        raise ValueError("a bias that does not fit")


def _convolution(call: Call) -> list[Shape]:
    batch, _, _, depth = _rank(call.shapes[0], 4)
    channels, height, width, inner = _rank(call.shapes[1], 4)
    _, step_x, step_y, _, spread_x, spread_y, _ = call.options
    if depth % inner or channels % (depth // inner):
        raise ValueError("a filter that does not fit its input")
    _bias(call, channels)
    return [(batch, *_window(call, (height, width), (step_y, step_x), (spread_y, spread_x)), channels)]


def _depthwise(call: Call) -> list[Shape]:
    batch, _, _, depth = _rank(call.shapes[0], 4)
    one, height, width, channels = _rank(call.shapes[1], 4)
    _, step_x, step_y, multiplier, _, spread_x, spread_y = call.options
    if one != 1 or channels % depth or multiplier not in (0, channels // depth):
        raise ValueError("a filter that does not fit its input")
    _bias(call, channels)
    return [(batch, *_window(call, (height, width), (step_y, step_x), (spread_y, spread_x)), channels)]


def _pool(call: Call) -> list[Shape]:
    batch, _, _, depth = _rank(call.shapes[0], 4)
    _, step_x, step_y, width, height, _ = call.options
    return [(batch, *_window(call, (height, width), (step_y, step_x), (1, 1)), depth)]


def _dense(call: Call) -> list[Shape]:
    units, depth = _rank(call.shapes[1], 2)
    elements = math.prod(call.shapes[0])
    keep = call.options[2]
    if elements % depth or (keep and call.shapes[0][-1:] != (depth,)):
        raise ValueError("weights that do not fit their input")
    _bias(call, units)
    return [(*call.shapes[0][:-1], units) if keep else (elements // depth, units)]


def _concatenation(call: Call) -> list[Shape]:
    axis = call.axis(call.options[0])
    first = call.shapes[0]
    for shape in call.shapes:
        if len(shape) != len(first) or shape[:axis] + shape[axis + 1 :] != first[:axis] + first[axis + 1 :]:
            raise ValueError("inputs that do not fit together")
    return [(*first[:axis], sum(shape[axis] for shape in call.shapes), *first[axis + 1 :])]


def _reshape(call: Call) -> list[Shape]:
    wanted = call.constant(1) if len(call.shapes) > 1 else call.options[0]
    declared = call.declared[0]
    if not isinstance(wanted, tuple) or len(wanted) != len(declared) or sum(side == -1 for side in wanted) > 1:
        raise ValueError("a new shape that is not the declared one")
    if any(a not in (-1, b) for a, b in zip(wanted, declared, strict=True)):
        raise ValueError("a new shape that is not the declared one")
    if math.prod(declared) != math.prod(call.shapes[0]):
        raise ValueError("a new shape of another size")
    return [declared]


def _resize(call: Call) -> list[Shape]:
    batch, _, _, depth = _rank(call.shapes[0], 4)
    height, width = call.constant(1)
    return [(batch, height, width, depth)]


def _pad(call: Call) -> list[Shape]:
    shape, amounts = call.shapes[0], call.constant(1)
    if call.shapes[1] != (len(shape), 2) or any(not 0 <= amount <= 4096 for amount in amounts):
        raise ValueError("paddings that do not fit")
    return [tuple(side + amounts[2 * at] + amounts[2 * at + 1] for at, side in enumerate(shape))]


def _transpose(call: Call) -> list[Shape]:
    order = call.constant(1)
    if sorted(order) != list(range(len(call.shapes[0]))):
        raise ValueError("an order that does not name every dimension")
    return [tuple(call.shapes[0][axis] for axis in order)]


def _reduction(call: Call) -> list[Shape]:
    axes = {call.axis(number) for number in call.constant(1)}
    sides = [(1 if axis in axes else side, axis in axes) for axis, side in enumerate(call.shapes[0])]
    return [tuple(side for side, gone in sides if call.options[0] or not gone)]


def _squeeze(call: Call) -> list[Shape]:
    shape, named = call.shapes[0], call.options[0]
    # Without a list of axes every side of 1 goes.
    gone = {call.axis(number) for number in named} if isinstance(named, tuple) and named else set(range(len(shape)))
    if named and any(shape[axis] != 1 for axis in gone):
        raise ValueError("a side to remove that is not 1")
    return [tuple(side for axis, side in enumerate(shape) if axis not in gone or side != 1)]


def _strided_slice(call: Call) -> list[Shape]:
    shape = call.shapes[0]
    begins, ends, steps = call.constant(1), call.constant(2), call.constant(3)
    begin_mask, end_mask, ellipsis, new_axis, shrink, offset = call.options
    if ellipsis or new_axis or offset or not len(begins) == len(ends) == len(steps) == len(shape):
        raise ValueError("a kind of slice that is not supported")
    sides: list[int] = []
    for axis, (side, begin, end, step) in enumerate(zip(shape, begins, ends, steps, strict=True)):
        if step < 1 or not -side <= begin < side:
            raise ValueError("a slice outside of its input")
        if shrink >> axis & 1:
            continue
        part = slice(None if begin_mask >> axis & 1 else begin, None if end_mask >> axis & 1 else end, step)
        sides.append(len(range(*part.indices(side))))
    return [tuple(sides)]


def _split(call: Call) -> list[Shape]:
    count, shape = call.options[0], call.shapes[1]
    (number,) = call.constant(0)
    axis = call.axis(number, len(shape))
    if count != len(call.declared) or shape[axis] % count:
        raise ValueError("a split that does not fit")
    return [(*shape[:axis], shape[axis] // count, *shape[axis + 1 :])] * int(count)


SHAPE_RULES: dict[str, Callable[[Call], list[Shape]]] = {
    "ADD": _broadcast,
    "AVERAGE_POOL_2D": _pool,
    "CAST": _same,
    "CONCATENATION": _concatenation,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEQUANTIZE": _same,
    "FULLY_CONNECTED": _dense,
    "HARD_SWISH": _same,
    "L2_NORMALIZATION": _same,
    "LEAKY_RELU": _same,
    "LOGISTIC": _same,
    "MAXIMUM": _broadcast,
    "MAX_POOL_2D": _pool,
    "MEAN": _reduction,
    "MINIMUM": _broadcast,
    "MUL": _broadcast,
    "PAD": _pad,
    "PRELU": _broadcast,
    "QUANTIZE": _same,
    "RELU": _same,
    "RELU6": _same,
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize,
    "RSQRT": _same,
    "SOFTMAX": _same,
    "SPLIT": _split,
    "SQUEEZE": _squeeze,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _broadcast,
    "SUM": _reduction,
    "TANH": _same,
    "TRANSPOSE": _transpose,
}


def output_shapes(name: str, call: Call) -> list[Shape]:
    """Return the shapes that an operator writes.

    Args:
        name: The operator's name.
        call: Its inputs and options.

    Raises:
        ValueError: The inputs or options don't fit the operator.
    """
    return SHAPE_RULES[name](call)
