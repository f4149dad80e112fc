"""What the card says: confidence in words and in a number, and what to do when the model is not sure."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgefashion.runtime.prediction import Attribute, Prediction
from edgefashion.runtime.stream import StreamState
from edgefashion.store.scan import Scan

from .attributes import NAMELESS
from .languages.messages import taxonomy_names
from .text import tr

VERY_SURE = 0.9
"""From this probability on the app says "very sure"; from the card's threshold on, "sure"."""


@dataclass(frozen=True)
class Answer:
    """What the result card shows.

    Attributes:
        type: The large line; "?" while nothing is known.
        category: The line above it; may be empty.
        confidence: Words and a number, such as "very sure – 94 %".
        share: The length of the bar, 0–1.
        advice: What to do, where the model is not sure; may be empty.
        tone: Colour of words and bar: "good", "warn" or "muted". The words say the same.
        icon: Name of the icon that says the same again.
        attributes: Attribute name → value in the screen's language, as the chips show them.
    """

    type: str
    category: str
    confidence: str
    share: float
    advice: str
    tone: str
    icon: str
    attributes: Mapping[str, str]


def percent(probability: float) -> str:
    """Return a probability, 0–1, as whole per cent; never 100 for what is not certain."""
    return f"{min(99, round(probability * 100))} %" if probability < 1 else "100 %"


def answer(state: StreamState) -> Answer:
    """Return what the card shows for a state of the live picture."""
    if state.prediction is None or state.state == "looking":
        return Answer("…", "", tr("looking"), 0.0, tr("Point the camera at one garment."), "muted", "search", {})
    return answer_for(state.prediction, sure=state.state == "sure")


def spoken(state: StreamState) -> str:
    """Return what is spoken for a state of the live picture: the garment, once it is sure; "" for silence."""
    return tr(state.prediction.type) if state.state == "sure" and state.prediction is not None else ""


def answer_for(prediction: Prediction, sure: bool) -> Answer:
    """Return what the card shows for a prediction."""
    told = prediction.details.items()
    attributes = {name: _value(attribute) for name, attribute in told if attribute.value != NAMELESS}
    share = prediction.confidence
    if not sure:
        words = f"{tr('not sure')} – {percent(share)}"
        advice = tr("Go closer, add light, show one garment – or tap Fix.")
        name = f"{tr(prediction.type)}?"
        return Answer(name, tr(prediction.category), words, share, advice, "warn", "unsure", attributes)
    words = tr("very sure") if share >= VERY_SURE else tr("sure")
    said = f"{words} – {percent(share)}"
    return Answer(tr(prediction.type), tr(prediction.category), said, share, "", "good", "check", attributes)


def _value(attribute: Attribute) -> str:
    """An attribute in the screen's language, such as "dunkelblau 70 %, weiß 20 %"."""
    if attribute.shares:
        return ", ".join(f"{tr(name)} {percent(share)}" for name, share in attribute.shares)
    return tr(attribute.value)


def corrected_answer(scan: Scan) -> Answer:
    """Return what the card shows for a scan that a person has corrected."""
    final = final_words(scan)
    name, category = final.pop("type"), final.pop("category")
    return Answer(name, category, tr("corrected by you"), 1.0, "", "good", "fix", final)


def final_words(scan: Scan) -> dict[str, str]:
    """Return what holds of a scan, field → words in the screen's language; attributes that say nothing are left out."""
    kept = ("type", "category")
    final = {name: tr(value) for name, value in scan.final.items() if name in kept or value != NAMELESS}
    if "colour" in final:
        final.pop("colours", None)  # what was measured is not what the person says
    elif "colours" in final:
        parts = (part.partition(" ") for part in scan.final["colours"].split(", "))
        final["colours"] = ", ".join(f"{tr(colour)} {share}" for colour, _, share in parts)
    return final


def meanings(text: str) -> dict[str, tuple[str, ...]]:
    """Return, for every word of a text, the values that it is part of in the screen's language: "rot" → ("red",).

    Args:
        text: What somebody looks for; in any spelling of capitals.
    """
    names = {name: tr(name).casefold() for name in taxonomy_names()}
    words = text.casefold().split()
    found = {word: tuple(name for name, shown in names.items() if word in shown and shown != name) for word in words}
    return {word: values for word, values in found.items() if values}
