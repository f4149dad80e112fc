"""Lays out what the Android app is built from: `python -m edgefashion_app.make_android_sources OUT`.

OUT/app gets main.py and the parts of the two packages that run on a phone, under the names that they are imported by;
OUT gets buildozer.spec, the icon, a part of the manifest and the Java sources. Then: cd OUT && buildozer android debug
"""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import edgefashion

APP = Path(__file__).parent
PACKAGE = Path(edgefashion.__file__).parent
MAIN = '''"""The Android app begins here."""

import sys

from edgefashion_app.android_entry import main

sys.exit(main())
'''
RUNTIME = (
    "__init__.py", "errors.py", "taxonomy.py", "taxonomies", "runtime", "camera", "data", "store",
    "shipped/*.tflite",
)  # fmt: skip
"""What of the package `edgefashion` the app imports or reads: the rooms right of the model file."""
NOT_OF_THE_APP = ("apk", "*.po", "make_*.py", "catalogues.py", "tour.py", "__pycache__")
BUILD = ("buildozer.spec", "icon.png", "java", "manifest.xml")


def make_sources(out: Path) -> None:
    """Write everything below a folder; what an earlier run or Buildozer left there otherwise stays.

    Raises:
        OSError: The folder can't be written.
    """
    app = out / "app"
    shutil.rmtree(app, ignore_errors=True)
    _copy(PACKAGE, (path for pattern in RUNTIME for path in PACKAGE.glob(pattern)), app / "edgefashion")
    shutil.copytree(APP, app / "edgefashion_app", ignore=shutil.ignore_patterns(*NOT_OF_THE_APP))
    (app / "main.py").write_text(MAIN, encoding="utf-8")
    shutil.rmtree(out / "java", ignore_errors=True)
    _copy(APP / "apk", (APP / "apk" / name for name in BUILD), out)


def _copy(top: Path, paths: Iterable[Path], target: Path) -> None:
    """Copy files and folders below `top` to the same places below `target`."""
    for path in paths:
        place = target / path.relative_to(top)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, place)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("One argument is needed: the folder to write, such as build/android.")
    make_sources(Path(sys.argv[1]))
