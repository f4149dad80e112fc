"""What a batch of training pictures suffers: one warp, one change of light, one patch. Seeded, and in the graph."""

from __future__ import annotations

import math

import tensorflow as tf

from edgefashion.training.recipe import Augment


def normalise(images: tf.Tensor) -> tf.Tensor:
    """Turns bytes into the network's real values: uint8 (…) → float32 in [-1, 1), (byte - 128) / 128."""
    return (tf.cast(images, tf.float32) - 128.0) / 128.0


def augment(images: tf.Tensor, plan: Augment, height: int, width: int, seed: tf.Tensor) -> tf.Tensor:
    """Warps, recolours and patches a batch.

    Args:
        images: uint8 (batch, any height, any width, 3) RGB.
        plan: how strongly.
        height, width: size of the result, pixels.
        seed: int32 (2,); the same seed gives the same result.

    Returns:
        float32 (batch, height, width, 3) in [-1, 1).
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 4))
    x = _warp(tf.cast(images, tf.float32), plan, height, width, seeds[0])
    x = _recolour(_blur(x / 128.0 - 1.0, plan, seeds[3]), plan, seeds[1])
    x = _erase(x, plan, seeds[2])
    return tf.clip_by_value(x, -1.0, 127.0 / 128.0)


def mix(images: tf.Tensor, targets: tf.Tensor, alpha: float, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mixup: blends a batch with itself reversed (Zhang et al. 2018, arXiv 1710.09412).

    Args:
        images: float32 (batch, height, width, 3).
        targets: probabilities, float32 (batch, classes).
        alpha: of the Beta distribution that the share of the blend is drawn from.
        seed: int32 (2,); the same seed gives the same share.

    Returns:
        Images and targets, blended alike.
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    first, second = (tf.random.stateless_gamma((), s, alpha) + 1e-6 for s in seeds)
    share = first / (first + second)
    return (
        share * images + (1.0 - share) * tf.reverse(images, [0]),
        share * targets + (1.0 - share) * tf.reverse(targets, [0]),
    )


def _uniform(seed: tf.Tensor, count: int, columns: int) -> list[tf.Tensor]:
    """Gives `columns` vectors of uniform numbers in [-1, 1)."""
    return tf.unstack(tf.random.stateless_uniform((count, columns), seed, -1.0, 1.0), axis=1)


def _warp(x: tf.Tensor, plan: Augment, height: int, width: int, seed: tf.Tensor) -> tf.Tensor:
    count, rows, columns = x.shape[0], x.shape[1], x.shape[2]
    angle, area, aspect, across, down, mirror = _uniform(seed, count, 6)
    angle = angle * math.radians(plan.rotate)
    side = tf.sqrt(1.0 - (1.0 - plan.scale) * (area + 1.0) / 2.0)
    stretch = tf.exp(aspect * math.log(max(plan.aspect, 1.0)) / 2.0)
    wide, tall = side * stretch, side / stretch
    room_x, room_y = tf.maximum(0.0, 1.0 - wide) / 2.0 + plan.shift, tf.maximum(0.0, 1.0 - tall) / 2.0 + plan.shift
    sign = tf.sign(mirror) if plan.flip else tf.ones_like(mirror)
    # Output pixel (x, y) reads input pixel (a x + b y + c, d x + e y + f).
    step_x, step_y = wide * columns / width, tall * rows / height
    a, b = sign * tf.cos(angle) * step_x, -tf.sin(angle) * step_y
    d, e = sign * tf.sin(angle) * step_x, tf.cos(angle) * step_y
    middle_x, middle_y = (width - 1) / 2.0, (height - 1) / 2.0
    right, low = across * room_x * columns, down * room_y * rows
    if plan.scale == 1.0 and plan.aspect <= 1.0 and not plan.rotate and (rows, columns) == (height, width):
        right, low = tf.round(right), tf.round(low)  # a mere shift is of whole pixels: nothing is blurred
    c = (columns - 1) / 2.0 + right - a * middle_x - b * middle_y
    f = (rows - 1) / 2.0 + low - d * middle_x - e * middle_y
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x, transforms=tf.stack([a, b, c, d, e, f, zero, zero], axis=1),
        output_shape=tf.constant([height, width]), fill_value=0.0, interpolation="BILINEAR", fill_mode="NEAREST",
    )  # fmt: skip


def _blur(x: tf.Tensor, plan: Augment, seed: tf.Tensor) -> tf.Tensor:
    """Blends each picture with its 5 x 5 binomial blur, or, half as far, away from it: soft and sharpened ones."""
    if not plan.blur:
        return x
    # Shifted sums, because a depthwise convolution of three channels takes several times as long on a CPU.
    p = tf.pad(x, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT")
    p = (p[:, :-4] + p[:, 4:] + 4.0 * (p[:, 1:-3] + p[:, 3:-1]) + 6.0 * p[:, 2:-2]) / 16.0
    soft = (p[:, :, :-4] + p[:, :, 4:] + 4.0 * (p[:, :, 1:-3] + p[:, :, 3:-1]) + 6.0 * p[:, :, 2:-2]) / 16.0
    share = tf.random.stateless_uniform((x.shape[0], 1, 1, 1), seed, -0.5 * plan.blur, plan.blur)
    return x + share * (soft - x)


def _recolour(x: tf.Tensor, plan: Augment, seed: tf.Tensor) -> tf.Tensor:
    if not (plan.brightness or plan.contrast or plan.saturation or plan.cast):
        return x
    numbers = [n[:, None, None, None] for n in _uniform(seed, x.shape[0], 6)]
    bright, contrast, saturation = numbers[:3]
    gain = 1.0 + plan.cast * tf.concat(numbers[3:], axis=-1)
    x = (x + 1.0) * gain - 1.0
    grey = tf.reduce_mean(x, axis=-1, keepdims=True)
    x = grey + (x - grey) * (1.0 + plan.saturation * saturation)
    middle = tf.reduce_mean(grey, axis=[1, 2], keepdims=True)
    return middle + (x - middle) * (1.0 + plan.contrast * contrast) + plan.brightness * bright


def _erase(x: tf.Tensor, plan: Augment, seed: tf.Tensor) -> tf.Tensor:
    """Random erasing (Zhong et al. 2020, arXiv 1708.04896): one patch of 2–20 % of the picture."""
    if not plan.erase:
        return x
    chance, area, aspect, across, down, tone = _uniform(seed, x.shape[0], 6)
    side = tf.sqrt(0.02 + 0.18 * (area + 1.0) / 2.0)
    stretch = tf.exp(aspect * 0.6)
    rows = tf.linspace(-1.0, 1.0, x.shape[1])[None, :, None, None]
    columns = tf.linspace(-1.0, 1.0, x.shape[2])[None, None, :, None]
    wide, tall, across, down, tone, chance = (
        n[:, None, None, None] for n in (side * stretch, side / stretch, across, down, tone, chance)
    )
    inside = (tf.abs(rows - down) < tall) & (tf.abs(columns - across) < wide) & ((chance + 1.0) / 2.0 < plan.erase)
    return tf.where(inside, tone, x)
