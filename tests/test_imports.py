"""What importing and classifying load, in processes of their own: no TensorFlow, little time; also under -OO."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "tensorflow",
    "keras",
    "tf_keras",
    "torch",
    "jax",
    "scipy",
    "rich",
    "pandas",
    "matplotlib",
    "av",
    "kivy",
    "cv2",
)
CLASSIFY = """
import json, sys
import numpy as np
from edgefashion import Classifier
picture = np.full((64, 64, 3), 220, np.uint8)
picture[10:54, 20:44] = picture[10:26, 6:58] = (200, 40, 40)
prediction = Classifier.open(sys.argv[1]).classify(picture)
print(json.dumps({"type": prediction.type, "modules": sorted(sys.modules), "optimize": sys.flags.optimize}))
"""


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tops(modules: list[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("flags", [(), ("-OO",)], ids=["plain", "optimised as on Android"])
def test_classifying_loads_no_training_framework(flags: tuple[str, ...], tiny_model: Path) -> None:
    told = json.loads(run(*flags, "-c", CLASSIFY, str(tiny_model)))
    assert told["type"] == "t-shirt"
    assert told["optimize"] == (2 if flags else 0)
    assert "edgefashion.runtime.classifier" in told["modules"]
    assert not tops(told["modules"]) & set(HEAVY)
    assert not any(module.startswith(("edgefashion.data", "edgefashion.training")) for module in told["modules"])


def test_importing_the_package_loads_neither_numpy_nor_a_runtime() -> None:
    modules = json.loads(run("-c", "import json, sys, edgefashion; print(json.dumps(sorted(sys.modules)))"))
    assert not tops(modules) & {*HEAVY, "numpy", "PIL", "ai_edge_litert", "tflite_runtime"}


def test_help_imports_no_verb() -> None:
    code = (
        "import sys; from edgefashion.cli import main; assert main(['--help']) == 0; "
        "import json; print('\\n' + json.dumps(sorted(sys.modules)))"
    )
    modules = json.loads(run("-c", code).splitlines()[-1])
    assert not any(module.startswith("edgefashion.commands") for module in modules)
    assert not tops(modules) & {*HEAVY, "numpy", "PIL", "ai_edge_litert"}


@pytest.mark.parametrize(
    ("statement", "most"),
    [("import edgefashion", 30), ("from edgefashion import Classifier", 100)],
    ids=["the package", "its heaviest name, which waits until it is used"],
)
def test_importing_adds_little_to_numpy_and_pillow(statement: str, most: float) -> None:
    """Milliseconds of computing, the best of five: the machine may be busy with something else."""
    code = f"import numpy, PIL.Image; from time import process_time as t; a = t(); {statement}; print((t() - a) * 1000)"
    run("-c", code)  # once, so that the bytecode is written
    assert min(float(run("-c", code)) for _ in range(5)) <= most


def test_the_public_names() -> None:
    import edgefashion

    assert edgefashion.__version__ == "0.1.0"
    assert set(edgefashion.__all__) <= set(dir(edgefashion))
    assert edgefashion.Prediction.__module__ == "edgefashion.runtime.prediction"
    with pytest.raises(AttributeError, match="no attribute 'Classifer'"):
        _ = edgefashion.Classifer
