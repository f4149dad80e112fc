"""Opens model files with MediaPipe Tasks' ImageClassifier and classifies pictures; runs inside .venv-mediapipe.

Also reads the metadata with the schema that the mediapipe package ships, which the package itself can't depend on.

    python mediapipe_check.py picture… < files.json    (a JSON list of paths)

Prints one JSON object, path → {"error": …} or {"metadata": {…}, "top": {picture: {head: label}}}.
"""

import json
import sys

import mediapipe
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
from mediapipe.tasks.metadata import schema_py_generated as schema
from mediapipe.tasks.python import BaseOptions, vision


def read_metadata(content: bytes) -> dict[str, object]:
    """Reads the parts of the metadata that other software uses."""
    model = schema.Model.GetRootAs(content, 0)
    buffers = {model.Metadata(index).Name(): model.Metadata(index).Buffer() for index in range(model.MetadataLength())}
    missing = {b"TFLITE_METADATA", b"min_runtime_version"} - buffers.keys()
    if missing:
        raise ValueError(f"the flatbuffer has no entry {b', '.join(sorted(missing)).decode()}")
    raw = model.Buffers(buffers[b"TFLITE_METADATA"]).DataAsNumpy().tobytes()
    if not metadata_schema.ModelMetadata.ModelMetadataBufferHasIdentifier(raw, 0):
        raise ValueError("the metadata has no identifier M001")
    tree = metadata_schema.ModelMetadataT.InitFromObj(metadata_schema.ModelMetadata.GetRootAs(raw, 0))
    subgraph = tree.subgraphMetadata[0]
    picture = subgraph.inputTensorMetadata[0]
    options = picture.processUnits[0].options
    return {
        "name": tree.name.decode(),
        "version": tree.version.decode(),
        "min_runtime_version": model.Buffers(buffers[b"min_runtime_version"])
        .DataAsNumpy()
        .tobytes()
        .decode()
        .strip("\0"),
        "colour": picture.content.contentProperties.colorSpace,
        "normalization": [float(options.mean[0]), float(options.std[0])],
        "heads": {
            output.name.decode(): [file.name.decode() for file in output.associatedFiles or []]
            for output in subgraph.outputTensorMetadata
        },
    }


def classify(path: str, pictures: list[str]) -> dict[str, dict[str, str | None]]:
    """Classifies pictures as an app would that knows MediaPipe and nothing of us; picture → head → best label."""
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=path), max_results=1)
    best: dict[str, dict[str, str | None]] = {}
    with vision.ImageClassifier.create_from_options(options) as classifier:
        for picture in pictures:
            result = classifier.classify(mediapipe.Image.create_from_file(picture))
            best[picture] = {head.head_name: head.categories[0].category_name for head in result.classifications}
    return best


def main() -> None:
    report: dict[str, dict[str, object]] = {}
    for path in json.load(sys.stdin):
        try:
            with open(path, "rb") as file:
                metadata = read_metadata(file.read())
            report[path] = {"metadata": metadata, "top": classify(path, sys.argv[1:])}
        except Exception as error:  # noqa: BLE001 (whatever another program says against the file is the result)
            report[path] = {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
