"""Which model the app asks: the chosen one, if it computes on this device what the workshop computed."""

from collections.abc import Iterable

from edgefashion.errors import EdgeFashionError, ModelFileError
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.golden import check_golden
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED

CAMERA_MODELS = tuple(name for name in SHIPPED if name.startswith("garment-"))
"""Shipped models that know photos; those of Fashion-MNIST know 28 × 28 grey pictures on black alone."""


def open_proven(candidates: Iterable[str]) -> tuple[Classifier, str]:
    """Open the first model whose golden vectors pass here.

    Args:
        candidates: Names of shipped models, or paths, the preferred one first; at least one.

    Returns:
        The model, and a notice why a preferred one was left out; "" if none was.

    Raises:
        EdgeFashionError: None of them can be used; the message says why for each.
    """
    refused: list[str] = []
    left_out = ""
    for candidate in candidates:
        try:
            classifier = Classifier.open(candidate)
            report = check_golden(ModelFile.read(classifier.path), classifier.interpreter)
        except EdgeFashionError as error:
            refused.append(str(error))
        else:
            if report.passed:
                why = f"The model '{left_out}' is left out for '{candidate}': {' '.join(refused)}"
                return classifier, why if refused else ""
            refused.append(f"{candidate}: computes other scores here than where it was made, so it is not used.")
        left_out = left_out or candidate
    raise ModelFileError(f"No model can be used: {' '.join(refused) or 'none was named.'}")
