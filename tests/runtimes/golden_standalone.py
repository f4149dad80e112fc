"""Checks a model file's golden vectors with nothing but Python's library, numpy and a TFLite runtime.

It shares no code with the package, so that it also runs where the package can't: on Python 3.7 and with the oldest
tflite-runtime. Prints one JSON object; exits with 1 if a golden vector fails.

    python golden_standalone.py model.tflite
"""

import base64
import json
import sys
import zipfile

import numpy as np

try:
    from tflite_runtime.interpreter import Interpreter
except ImportError:
    from ai_edge_litert.interpreter import Interpreter

TOLERANCE = 8  # seven more than `edgefashion verify` allows: runtimes of 2021 and 2022 round elsewhere


def spell_out(golden, height, width):
    """The input, uint8 (1, height, width, 3): pixel (y, x) = grid[y * rows // height, x * columns // width]."""
    grid = np.frombuffer(base64.b64decode(golden["pixels"]), np.uint8)
    grid = grid.reshape(golden["rows"], golden["columns"], 3)
    rows = np.arange(height) * golden["rows"] // height
    columns = np.arange(width) * golden["columns"] // width
    return np.ascontiguousarray(grid[rows[:, None], columns[None, :]])[None]


def steps(detail, raw):
    """An output (1, n) as whole steps 0-255: bytes as they are, probabilities times 256."""
    if raw.dtype == np.uint8:
        return raw[0].astype(int)
    if raw.dtype == np.int8:
        return raw[0].astype(int) + 128
    return np.clip(np.rint(raw[0] * 256), 0, 255).astype(int)


def check(path):
    """Returns (passed, sentence)."""
    with zipfile.ZipFile(path) as archive:
        card = json.loads(archive.read("card.json").decode("utf-8"))
    if not card["golden"]:
        return False, "the card holds no golden vectors"
    with open(path, "rb") as file:
        interpreter = Interpreter(model_content=file.read())
    interpreter.allocate_tensors()
    (picture,) = interpreter.get_input_details()
    outputs = {detail["name"]: detail for detail in interpreter.get_output_details()}
    heads = {head["name"]: head["output"] for head in card["heads"]}
    good = worst = compared = 0
    for golden in card["golden"]:
        pixels = spell_out(golden, card["input"]["height"], card["input"]["width"])
        if picture["dtype"] == np.float32:
            pixels = (pixels.astype(np.float32) - 128) / 128
        interpreter.set_tensor(picture["index"], pixels)
        interpreter.invoke()
        for name, scores in golden["outputs"].items():
            detail = outputs[heads[name]]
            received, expected = steps(detail, interpreter.get_tensor(detail["index"])), np.array(scores)
            difference = int(np.abs(received - expected).max()) if received.shape == expected.shape else 999
            compared += 1
            worst = max(worst, difference)
            good += difference <= TOLERANCE and received.argmax() == expected.argmax()
    sentence = f"{good} of {compared} golden vectors, largest difference {worst} steps"
    return good == compared, sentence


if __name__ == "__main__":
    try:
        passed, sentence = check(sys.argv[1])
    except Exception as error:  # noqa: BLE001 (whatever the runtime says is the result)
        passed, sentence = False, "{}: {}".format(type(error).__name__, str(error).strip().split("\n")[0])
    print(json.dumps({"passed": bool(passed), "detail": sentence}))
    sys.exit(not passed)
