"""The stable door to a model: `Classifier.open(path).classify(image)` → `Prediction`."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgefashion.errors import ModelFileError
from edgefashion.runtime.attribute_values import possible_values, restrict
from edgefashion.runtime.card import TYPE_HEAD, ModelCard
from edgefashion.runtime.categories import category_numbers, within_likeliest
from edgefashion.runtime.colour import told
from edgefashion.runtime.embedding import join
from edgefashion.runtime.interpreter import Interpreter
from edgefashion.runtime.look import Look, again, look, unsure
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.prediction import COLOUR, COLOURS, Attribute, Prediction
from edgefashion.runtime.shipped import find_model
from edgefashion.taxonomy import NO_GARMENT


class Classifier:
    """A model file, opened and ready. May be shared between threads; its calls wait for each other.

    A model that knows pictures without a garment (`NO_GARMENT` among its labels) never answers with that: what it gives
    to it is missing from the types' probabilities, and where it is more than the best type's, nothing is sure.

    Attributes:
        path: The model file.
        card: The model's card.
        labels: The types in output order.
        interpreter: The interpreter that runs it.
    """

    def __init__(self, model_file: ModelFile, interpreter: Interpreter) -> None:
        """Join a checked model file and its interpreter; most callers use `open`.

        Raises:
            ModelFileError: The file has no card, or the card doesn't fit the model's input and outputs.
        """
        if model_file.card is None:
            raise ModelFileError(
                f"{model_file.path}: has no card, so its labels and input rule are unknown; "
                "export it with 'edgefashion export', which writes one."
            )
        self.path: Path = model_file.path
        self.card: ModelCard = model_file.card
        self.labels: tuple[str, ...] = self.card.labels
        self.interpreter = interpreter
        categories = self.card.taxonomy.categories
        self._categories = {name: category for category, types in categories.items() for name in types}
        self._category_numbers = category_numbers(self.labels, categories)
        expected = (1, self.card.input.height, self.card.input.width, 3)
        if interpreter.input_shape != expected or interpreter.input_dtype != np.uint8:
            raise ModelFileError(
                f"{self.path}: the card says the input is uint8 {expected}. "
                f"Received: {interpreter.input_dtype} {interpreter.input_shape}."
            )
        for head in self.card.heads:
            output = interpreter.outputs.get(head.output)
            if output is None or (head.labels and output.shape != (1, len(head.labels))):
                received = ", ".join(f"{name} {tensor.shape}" for name, tensor in interpreter.outputs.items())
                raise ModelFileError(
                    f"{self.path}: the card's head '{head.name}' needs an output '{head.output}' of "
                    f"{len(head.labels)} numbers. Received: {received}."
                )

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None, threads: int | None = None) -> "Classifier":
        """Open a model file.

        Args:
            path: A .tflite with a card, or the name of a shipped model; the shipped default if None.
            threads: How many threads to use; as many as this process has cores, at most 4, if None.

        Raises:
            ModelFileError: The file is missing, damaged, hostile, has no card or one from the future.
            RuntimeMissingError: No TensorFlow Lite runtime is installed.
        """
        model_file = ModelFile.read(find_model(path))
        try:
            interpreter = Interpreter.open(model_file.content, threads)
        except ModelFileError as error:
            raise ModelFileError(f"{model_file.path}: {error}") from error
        return cls(model_file, interpreter)

    def classify(self, image: Any, once: bool = False) -> Prediction:
        """Tell what one picture shows.

        A photo of a garment that leaves the network unsure is looked at twice more, mirrored, and the mean of what it
        says is the answer (`runtime.look`): that takes three times as long, and is right more often. The type is then
        told within the category that is likeliest as a whole (`runtime.categories`).

        Args:
            image: A path, the bytes of a picture file, a PIL image, a uint8 array of shape (height, width, 3), RGB,
                0–255, of any size; or what `look` made of one of these.
            once: Look once only: for a live camera, whose next picture is another look.

        Raises:
            ImageError: The picture can't be read.
            ModelFileError: The runtime fails.
        """
        start = perf_counter()
        seen = self.look(image)
        said = {name: np.nan_to_num(found) for name, found in self.head_probabilities(seen, once).items()}
        probabilities = said[TYPE_HEAD]
        order = np.argsort(-probabilities, kind="stable")
        shares = {self.labels[index]: float(probabilities[index]) for index in order}
        nothing = shares.pop(NO_GARMENT, 0.0)
        ranking = tuple(shares.items())
        best_type, confidence = ranking[0]
        attributes = self._attributes(best_type, said)
        if seen.shares is not None:
            colours = Attribute.of_shares(told(seen.shares))
            attributes = {COLOUR: colours.main, **attributes, COLOURS: colours}
        category = self._categories[best_type]
        whole = min(1.0, sum(probability for name, probability in ranking if self._categories[name] == category))
        return Prediction(
            ranking=ranking,
            category=category,
            sure=confidence >= self.card.threshold and confidence > nothing,
            attributes=attributes,
            category_confidence=whole,
            category_sure=whole >= self.card.threshold and whole > nothing,
            latency_ms=(perf_counter() - start) * 1000,
            box=seen.box,
        )

    def _attributes(self, type_name: str, said: dict[str, NDArray[np.float32]]) -> dict[str, Attribute]:
        """What the other heads say, each kept to the values that the type can have."""
        found = {}
        for head in self.card.heads:
            allowed = possible_values(self.card.taxonomy, head.name, type_name, head.labels)
            if allowed and head.name != TYPE_HEAD:
                scores: NDArray[np.floating] = said[head.name]
                if len(allowed) < len(head.labels):
                    scores = restrict(scores, head.labels, allowed)
                best = int(np.argmax(scores))
                found[head.name] = Attribute(head.labels[best], float(scores[best]))
        return found

    def classify_many(self, images: Iterable[Any]) -> Iterator[Prediction]:
        """Classify pictures one after the other, each when it is asked for; arguments and errors as `classify`."""
        for image in images:
            yield self.classify(image)

    def embed(self, image: Any) -> NDArray[np.float32]:
        """Return a picture's place among others, to find the same or a similar garment.

        Args:
            image: As `classify`.

        Returns:
            float32 array of shape (d,), 0–1, of length 1; the scalar product of two, 0–1, tells how far the garments'
            type, colours, pattern and detail agree (`runtime.embedding`). d is the number of all heads' labels, and 13
            more for a model that measures colours: 52 for garment-base, 10 for fashion-mnist-nano. Comparable between
            pictures of one model file only.

        Raises:
            ImageError: The picture can't be read.
            ModelFileError: The runtime fails.
        """
        seen = self.look(image)
        return join({**self.head_probabilities(seen), **self.measured(seen)})

    def probabilities(self, image: Any, once: bool = False) -> NDArray[np.float32]:
        """Return the probabilities of all types for one picture.

        Args:
            image: As `classify`.
            once: As `classify`.

        Returns:
            float32 array of shape (n,), 0–1, in the order of `labels`. A quantised output's steps are 1/256 wide, so
            the sum may miss 1 by a little. A number that is none stays NaN, so that whoever judges the model sees it.
        """
        return self.head_probabilities(image, once)[TYPE_HEAD]

    def head_probabilities(self, image: Any, once: bool = False) -> dict[str, NDArray[np.float32]]:
        """Return the probabilities of every head that has labels, as the network gives them, once or on average.

        Args:
            image: As `classify`.
            once: As `classify`.

        Returns:
            Head name → float32 (n,) as of `probabilities`, in the order of the head's labels. Where the network was
            asked again, the likeliest category's best type leads (`runtime.categories`); `classify` further keeps
            attributes to the values that the type can have.
        """
        seen = self.look(image)
        said = self._said(seen.picture)
        if once or not unsure(said[TYPE_HEAD]):
            return said
        further = [self._said(picture) for picture in again(seen)]
        if not further:
            return said
        joined: dict[str, NDArray[np.float32]] = {
            name: np.mean([one[name] for one in (said, *further)], axis=0, dtype=np.float32) for name in said
        }
        joined[TYPE_HEAD] = within_likeliest(joined[TYPE_HEAD], self._category_numbers)
        return joined

    def _said(self, picture: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Return what the network says of its input: head name → float32 (n,)."""
        raw = self.interpreter.run(picture)
        reals = {
            head.name: self.interpreter.dequantise(head.output, raw[head.output])
            for head in self.card.heads
            if head.labels
        }
        return {
            name: np.where(np.isfinite(real), np.clip(real, 0.0, 1.0), np.float32(np.nan))
            for name, real in reals.items()
        }

    def measured(self, image: Any) -> dict[str, NDArray[np.float32]]:
        """Return what is measured from the pixels, beside what the network says.

        Args:
            image: As `classify`.

        Returns:
            For a model that measures colours "colours" → float32 (13,): each one's share of the garment, 0–1, sum 1, in
            the order of `colour_names.COLOUR_NAMES`. Empty for other models.
        """
        shares = self.look(image).shares
        return {} if shares is None else {COLOURS: shares.astype(np.float32)}

    def look(self, image: Any) -> Look:
        """Make the network's input of a picture, and measure it: for whoever asks several things of one picture.

        The input is made by the card's rule from the whole picture; by a model that measures colours from the garment
        alone where that, with a margin, is clearly less than all of it (`runtime.look`).

        Args:
            image: As `classify`; what this method returned is returned as it is, and so the other methods show a `Look`
                to the network without changing it.

        Raises:
            ImageError: The picture can't be read.
        """
        return image if isinstance(image, Look) else look(image, self.card.input, self.card.taxonomy.name)
