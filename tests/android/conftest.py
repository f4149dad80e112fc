"""The Java side without Android: the stand-ins under java/ compiled, and a Java machine to call them in."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
JAVA = Path(__file__).parent / "java"
collect_ignore = ["run_staged.py"]  # a script of test_staged_app.py


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our Java and the stand-ins for Android, CameraX and LiteRT, compiled as Gradle would: for Java 8."""
    javac = shutil.which("javac")
    if javac is None:
        pytest.skip("no Java compiler: sudo apt-get install default-jdk-headless")
    folder = tmp_path_factory.mktemp("classes")
    files = [str(path) for top in (JAVA, ROOT / "mobile_app" / "apk" / "java") for path in sorted(top.rglob("*.java"))]
    subprocess.run([javac, "--release", "8", "-Xlint:-options", "-Werror", "-d", str(folder), *files], check=True)
    return folder


@pytest.fixture(scope="session")
def java(classes: Path) -> Callable[[str], Any]:
    """`autoclass` of a Java machine that knows the stand-ins; as on Android, other threads find no classes in it."""
    if importlib.util.find_spec("jnius") is None:
        pytest.skip("no pyjnius: make test-android")
    if "tensorflow" in sys.modules:
        pytest.skip("a Java machine and TensorFlow don't share a process: make test-android")
    import jnius_config

    jnius_config.set_classpath(str(classes))
    from jnius import autoclass

    from tests.android.find_class import forbid_in_threads

    forbid_in_threads()
    found: Callable[[str], Any] = autoclass
    return found


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make android-sources` lays out."""
    if importlib.util.find_spec("edgefashion_app") is None:
        pytest.skip("the app is not installed: make test-android")
    from edgefashion_app.make_android_sources import make_sources

    out = tmp_path_factory.mktemp("android")
    make_sources(out)
    return out
