"""MediaPipe's ImageClassifier on one picture file: mediapipe_classifier.py FILE PICTURE. Runs where mediapipe is."""

import sys

import mediapipe
from mediapipe.tasks.python import BaseOptions, vision

from benchmarks.children.serve import serve


def main() -> None:
    """Opens the model and serves whole paths: picture file to best category."""
    file, picture = sys.argv[1:]
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=file), max_results=1)
    with vision.ImageClassifier.create_from_options(options) as classifier:
        serve(
            lambda: classifier.classify(mediapipe.Image.create_from_file(picture)),
            runtime="mediapipe",
            version=mediapipe.__version__,
        )


if __name__ == "__main__":
    main()
