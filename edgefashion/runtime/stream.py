"""From many answers a second to one that can be read: smoothing over time, and reluctance to change.

Everything is measured in seconds and not in frames, so a fast and a slow device behave alike. Probabilities are
averaged exponentially. The answer that is shown changes when another one has led it long enough for the lead to count:
the lead is summed over time as in Page's cumulative sum test (Continuous inspection schemes, Biometrika 41, 1954), so a
clear lead wins in a fifth of a second, a narrow one takes longer, and a shorter disturbance changes nothing.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from edgefashion.runtime.colour import MOST, SMALLEST
from edgefashion.runtime.garment_box import Box
from edgefashion.runtime.prediction import COLOUR, COLOURS, Attribute, Prediction

LOOKING, UNSURE, SURE = "looking", "unsure", "sure"
STATES = (LOOKING, UNSURE, SURE)

SMOOTHING_SECONDS = 0.15
"""Time constant of the averages: what was seen this long ago counts 1/e as much as what is seen now."""
SETTLE_SECONDS = 0.13
"""How long something must lead before it is shown where nothing was shown."""
LEAD_SECONDS = 0.04
"""Lead in probability × seconds that a challenger must gather to replace what is shown."""
RELEASE_SECONDS = 0.6
"""How long something is shown at most when it no longer leads."""
DOUBT_SECONDS = 0.3
"""How long the confidence must stay below the threshold, by more than `DOUBT_BAND`, before "sure" is taken back."""
DOUBT_BAND = 0.05
SHARE_STEP = 0.08
"""Measured shares that are shown stay as they are until one of them is off by more than this …"""
SHARE_SECONDS = 0.35
"""… for so long: longer than a change of type takes, which brings its own shares."""
FORGOTTEN = 1e-4
"""A name that is no longer told at all leaves the averages when it falls below this."""


@dataclass(frozen=True)
class StreamState:
    """What to show at a moment.

    Attributes:
        state: "looking", nothing steady has been seen yet; "unsure", steady but below the threshold; "sure".
        prediction: What to show, its probabilities smoothed; None while looking. For up to `RELEASE_SECONDS` it stays
            as it was while another answer may be coming.
        changed: Whether the state, the type or the value of an attribute differs from the update before.
        since: When this state and type began, in the seconds of `Stabiliser.update`; never later than the update.
    """

    state: str
    prediction: Prediction | None
    changed: bool
    since: float


class Stabiliser:
    """Makes one steady answer of a stream of predictions. For one stream and one thread; a new model needs a new one.

    Example:
        >>> stabiliser = Stabiliser(threshold=0.5, category_of={"hat": "headwear", "shoes": "footwear"}.__getitem__)
        >>> hat = Prediction((("hat", 0.9), ("shoes", 0.1)), "headwear", True)
        >>> [stabiliser.update(hat, at=second).state for second in (0.0, 0.07, 0.14)]
        ['looking', 'looking', 'sure']
    """

    def __init__(self, threshold: float, category_of: Callable[[str], str]) -> None:
        """Begin with nothing seen.

        Args:
            threshold: Probability, 0–1, from which an answer counts as sure: the card's `threshold`.
            category_of: Tells a type's category: the taxonomy's `category_of`.
        """
        self._threshold = threshold
        self._category_of = category_of
        self._types = _Choice()
        self._attributes: dict[str, _Choice] = {}
        self._shares: dict[str, _Shares] = {}
        self._box: Box | None = None
        self._last: float | None = None
        self._doubted: float | None = None  # how long the confidence has been too low, in seconds
        self._shown: StreamState | None = None

    def update(self, prediction: Prediction, at: float) -> StreamState:
        """Take one more answer into account.

        Args:
            prediction: What the newest frame shows.
            at: When the frame was taken, in seconds of any clock. If the clock jumps back, no time counts as passed.

        Raises:
            ValueError: `at` is not a finite number.
        """
        if not math.isfinite(at):
            raise ValueError(f"The time of a frame must be a finite number of seconds. Received: {at}.")
        passed = 0.0 if self._last is None else max(0.0, at - self._last)
        self._last = at
        held = self._types.held
        self._types.update(dict(prediction.ranking), passed)
        said = prediction.details  # the main colour follows from the colours
        measured = {name: told for name, told in said.items() if told.shares}
        another = self._types.held != held
        if another:  # another garment: nothing of the former one's attributes is left
            self._attributes, self._shares, self._box = {}, {}, None
        self._box = _moved(self._box, prediction.box, passed)
        names = (*said, *self._attributes)  # in the model's order, which is that of the screen
        for name in dict.fromkeys(name for name in names if name in self._attributes or name not in measured):
            chosen = said.get(name)
            values = {} if chosen is None else {chosen.value: chosen.confidence}
            self._attributes.setdefault(name, _Choice()).update(values, passed)
            if another and chosen is not None:  # its type has been steady for long enough
                self._attributes[name].held = chosen.value
        self._shares = {name: self._shares.get(name, _Shares()) for name in measured}
        for name, told in measured.items():
            self._shares[name].update(told.shares, passed)

        before = self._shown or StreamState(LOOKING, None, False, at)
        shown = self._prediction(before, prediction.latency_ms)
        state = LOOKING
        if shown is not None:
            state = self._confidence_state(shown, before, passed)
            category_sure = state == SURE or shown.category_confidence >= self._threshold
            shown = replace(shown, sure=state == SURE, category_sure=category_sure)
        same = state == before.state and _values(shown)[:1] == _values(before.prediction)[:1]
        changed = not same or _values(shown) != _values(before.prediction)
        self._shown = StreamState(state, shown, changed, min(before.since, at) if same else at)
        return self._shown

    def _prediction(self, before: StreamState, latency_ms: float) -> Prediction | None:
        """Return the smoothed answer; the former one as long as what is shown doesn't lead."""
        held = self._types.held
        if held is None:
            return None
        if held != self._types.leader:
            return before.prediction
        ranking = tuple(sorted(self._types.averages.items(), key=lambda item: (-item[1], item[0] != held)))
        attributes = {
            name: Attribute(choice.held, choice.averages[choice.held])
            for name, choice in self._attributes.items()
            if choice.held is not None
        }
        attributes |= {name: shares.shown for name, shares in self._shares.items() if shares.shown is not None}
        if COLOURS in attributes:
            attributes = {COLOUR: attributes[COLOURS].main, **attributes}
        category = self._category_of(held)
        whole = min(1.0, sum(probability for name, probability in ranking if self._category_of(name) == category))
        return Prediction(ranking, category, False, attributes, latency_ms, whole, box=self._box)

    def _confidence_state(self, shown: Prediction, before: StreamState, passed: float) -> str:
        """Return "sure" or "unsure": sure at once, unsure only after a while of doubt, unless the type is new."""
        if shown.confidence >= self._threshold - DOUBT_BAND:
            self._doubted = None
        else:
            self._doubted = 0.0 if self._doubted is None else self._doubted + passed
        if shown.confidence >= self._threshold:
            return SURE
        was_sure = before.state == SURE and before.prediction is not None and before.prediction.type == shown.type
        return SURE if was_sure and (self._doubted or 0.0) < DOUBT_SECONDS else UNSURE


class _Choice:
    """One name out of several, held until another has earned its place.

    Attributes:
        averages: Name → smoothed probability, 0–1.
        leader: The name with the largest average; None before the first update.
        held: The name to show; None if nothing has led for long enough.
    """

    def __init__(self) -> None:
        self.averages: dict[str, float] = {}
        self.leader: str | None = None
        self.held: str | None = None
        self._led = 0.0  # how long the leader has led without a break, in seconds
        self._lead = 0.0  # the sum of its lead over the held name, in probability × seconds
        self._unled = 0.0  # how long the held name has not led, in seconds
        self._fresh: dict[str, float] = {}  # the averages of what was told since the leader leads

    def update(self, values: Mapping[str, float], passed: float) -> None:
        """Take what is told now into account; `passed`: seconds since the update before, at least 0."""
        first = not self.averages
        weight = 1.0 if first else -math.expm1(-passed / SMOOTHING_SECONDS)
        self.averages = _blend(self.averages, values, weight)
        leader = max(self.averages, key=lambda name: (self.averages[name], name == self.held), default=None)
        self._unled = 0.0 if self.held in (leader, self.leader) else self._unled + passed
        if leader is None or leader != self.leader:
            self.leader, self._led, self._lead, self._fresh = leader, 0.0, 0.0, dict(values)
        else:
            self._led += passed
            self._lead += passed * (self.averages[leader] - self.averages.get(self.held or "", 0.0))
            self._fresh = _blend(self._fresh, values, weight)
        if self.held is not None and self.held != leader and self._lead >= LEAD_SECONDS:
            self.held, self.averages = leader, self._fresh
        elif self.held is None or self._unled >= RELEASE_SECONDS:
            self.held = leader if self._led >= SETTLE_SECONDS else None


class _Shares:
    """Measured shares, such as of colours, averaged; what is shown follows when it is off for `SHARE_SECONDS`.

    Attributes:
        averages: Name → smoothed share, 0–1.
        shown: The shares to show; None before the first update.
    """

    def __init__(self) -> None:
        self.averages: dict[str, float] = {}
        self.shown: Attribute | None = None
        self._off = 0.0  # how long a share has been off, in seconds

    def update(self, shares: tuple[tuple[str, float], ...], passed: float) -> None:
        """Take what is measured now into account; `passed`: seconds since the update before, at least 0."""
        weight = -math.expm1(-passed / SMOOTHING_SECONDS) if self.averages else 1.0
        self.averages = _blend(self.averages, dict(shares), weight)
        told = dict(self.shown.shares) if self.shown is not None else {}
        off = (abs(share - told.get(name, 0.0)) for name, share in self.averages.items())
        self._off = self._off + passed if max(off, default=0.0) > SHARE_STEP else 0.0
        if self.shown is None or self._off >= SHARE_SECONDS:
            self._off = 0.0
            order = sorted(self.averages.items(), key=lambda item: (-item[1], item[0]))
            self.shown = Attribute.of_shares((order[0], *(item for item in order[1:MOST] if item[1] >= SMALLEST)))


def _blend(averages: Mapping[str, float], values: Mapping[str, float], weight: float) -> dict[str, float]:
    """Return (1 − weight) × averages + weight × values by name; a name that is not told counts as 0."""
    blended = {}
    for name in averages.keys() | values.keys():
        former = averages.get(name, 0.0)
        average = former + weight * (values.get(name, 0.0) - former)
        if name in values or average > FORGOTTEN:
            blended[name] = average
    return blended


def _moved(box: Box | None, seen: Box | None, passed: float) -> Box | None:
    """Return a box on its way to where the garment is seen now; there at once if there was none."""
    if box is None or seen is None:
        return seen
    weight = -math.expm1(-passed / SMOOTHING_SECONDS)
    left, top, right, bottom = (was + weight * (now - was) for was, now in zip(box, seen, strict=True))
    return left, top, right, bottom


def _values(shown: Prediction | None) -> tuple[object, ...]:
    """Return what a person reads of an answer, without its numbers: the type, then the attributes."""
    if shown is None:
        return (None,)
    return (shown.type, *sorted((name, attribute.value) for name, attribute in shown.attributes.items()))
