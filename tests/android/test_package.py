"""The Android app as it would be packaged: the spec, what goes in, the recipes, the manifest, Gradle's dependencies."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import edgefashion
from edgefashion.runtime.model_file import ModelFile
from edgefashion.runtime.shipped import SHIPPED
from tests.android import packaging
from tests.android.packaging import Project

ROOT = Path(__file__).parents[2]
ANDROID = "{http://schemas.android.com/apk/res/android}"


def need(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"no {module}: make test-android")


@pytest.fixture(scope="session")
def spec(staged: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read(staged / "buildozer.spec", encoding="utf-8")
    return parser


@pytest.fixture(scope="session")
def project(staged: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    need("buildozer", "pythonforandroid")
    home = os.environ.get("HOME")
    os.environ["HOME"] = str(tmp_path_factory.mktemp("home"))  # Buildozer writes to ~/.buildozer
    try:
        yield packaging.make_project(staged)
    finally:
        os.environ.pop("HOME") if home is None else os.environ.update(HOME=home)


def test_staging_again_drops_what_is_gone_and_keeps_the_build(staged: Path) -> None:
    from edgefashion_app.make_android_sources import make_sources

    before = {path.relative_to(staged) for path in (staged / "app").rglob("*")}
    (staged / "app" / "old.py").touch()
    (staged / "bin").mkdir(exist_ok=True)
    make_sources(staged)
    assert {path.relative_to(staged) for path in (staged / "app").rglob("*")} == before
    assert (staged / "bin").is_dir()


def test_everything_the_app_reads_goes_in_and_nothing_else(project: Project) -> None:
    app = ROOT / "mobile_app"
    wanted = {"main.py", "edgefashion_app/style.kv", "edgefashion/taxonomies/garment.toml"}
    wanted |= {f"edgefashion/shipped/{path.name}" for path in SHIPPED.values()}
    wanted |= {f"edgefashion_app/fonts/{path.name}" for path in (app / "fonts").iterdir()}
    wanted |= {f"edgefashion_app/languages/{path.name}" for path in (app / "languages").glob("*.mo")}
    wanted |= {f"edgefashion_app/screens/{path.name}" for path in (app / "screens").glob("*.py")}
    rooms = ("runtime", "camera", "store", "data")
    wanted |= {
        path.relative_to(ROOT).as_posix() for room in rooms for path in (ROOT / "edgefashion" / room).glob("*.py")
    }
    assert wanted <= project.sources
    assert project.sources <= project.archive
    kinds = {Path(name).suffix for name in project.sources}
    assert kinds == {".py", ".tflite", ".toml", ".kv", ".ttf", ".txt", ".mo"}, "no checkpoints, no pictures"
    tops = {"/".join(name.split("/")[:2]) for name in project.sources if name.startswith("edgefashion/")}
    assert not tops & {f"edgefashion/{room}" for room in ("training", "models", "export", "evaluation", "commands")}
    assert not any("test" in Path(name).name for name in project.sources)


def test_the_packaged_models_are_whole(project: Project, staged: Path) -> None:
    """Buildozer's copies carry their cards, with the golden vectors by which the phone proves itself."""
    for name, shipped in SHIPPED.items():
        packaged = ModelFile.read(staged / ".buildozer/android/app/edgefashion/shipped" / shipped.name)
        assert packaged.card is not None
        assert packaged.card.name == name
        assert packaged.card.golden
        assert packaged.content == shipped.read_bytes()


def test_the_manifest_asks_for_the_camera_alone(project: Project) -> None:
    manifest = ElementTree.fromstring(project.manifest)
    permissions = {element.get(f"{ANDROID}name") for element in manifest.iter("uses-permission")}
    assert permissions == {"android.permission.CAMERA"}
    assert manifest.get(f"{ANDROID}versionName") == edgefashion.__version__
    (sdk,) = manifest.iter("uses-sdk")
    assert (sdk.get(f"{ANDROID}minSdkVersion"), sdk.get(f"{ANDROID}targetSdkVersion")) == ("24", "35")
    (application,) = manifest.iter("application")
    assert application.get(f"{ANDROID}allowBackup") == "false", "nothing leaves the device"
    activity = next(manifest.iter("activity"))
    assert activity.get(f"{ANDROID}screenOrientation") in ("fullSensor", "fullUser", "unspecified")
    assert not list(manifest.iter("service"))
    assert not list(manifest.iter("provider")), "files leave only through screens on which a person chooses"
    (queries,) = manifest.iter("queries")  # Android 11's list of the other apps that this one may see
    sought = [element.get(f"{ANDROID}name") for element in queries.iter() if element.get(f"{ANDROID}name")]
    assert sought == ["android.intent.action.TTS_SERVICE"]


def test_gradle_brings_the_runtime_and_the_camera(project: Project) -> None:
    brought = set(re.findall(r"implementation '([\w.-]+:[\w.-]+):\d+(?:\.\d+)+'", project.gradle))
    assert brought == {
        "com.google.ai.edge.litert:litert", "androidx.camera:camera-core", "androidx.camera:camera-camera2",
        "androidx.camera:camera-lifecycle", "androidx.core:core", "androidx.lifecycle:lifecycle-process",
        "com.google.guava:listenablefuture",
    }  # fmt: skip
    assert re.search(r"compileSdkVersion 35\n", project.gradle)
    assert re.search(r"minSdkVersion 24\n", project.gradle)
    assert 'noCompress "tflite"' in project.gradle
    assert "android.useAndroidX=true" in (project.folder / "gradle.properties").read_text(encoding="utf-8")
    (folder,) = re.findall(r"srcDir '(.*java)'", project.gradle)
    assert (project.folder / folder / "org/edgefashion/camera/CameraFrames.java").is_file()


def test_java_classes_are_those_that_python_names(staged: Path) -> None:
    from edgefashion.camera.android import CAMERA_FRAMES
    from edgefashion_app.android_files import FILE_DIALOG, PICTURES
    from edgefashion_app.android_speech import SPEECH

    names = (CAMERA_FRAMES, FILE_DIALOG, PICTURES, SPEECH)
    named = {staged / "java" / f"{name.replace('.', '/')}.java" for name in names}
    assert set((staged / "java").rglob("*.java")) == named


def test_the_stand_in_for_the_activity_is_like_the_real_one(project: Project) -> None:
    """Every line that declares something public in it, in python-for-android's own words."""
    name = "org/kivy/android/PythonActivity.java"
    real = (project.folder / "src/main/java" / name).read_text(encoding="utf-8")
    stand_in = (Path(__file__).parent / "java" / name).read_text(encoding="utf-8")
    declared = re.findall(r"(?:public interface|void|boolean) \w+(?:\([\w ,]*\))?", stand_in)
    assert len(declared) == 5
    assert [line for line in declared if line not in real] == []
    assert re.search(r"public static PythonActivity mActivity\b", real)


def test_resources_and_manifest_make_a_signed_apk(project: Project, tmp_path: Path) -> None:
    missing = packaging.missing_tools()
    if missing:
        pytest.skip(f"no {', '.join(missing)}: {packaging.INSTALL}")
    badging = packaging.make_apk(project, tmp_path)
    assert re.findall(r"^uses-permission: name='(.*?)'", badging, re.MULTILINE) == ["android.permission.CAMERA"]
    assert "uses-implied-permission" not in badging
    name, version = re.findall(r"^package: name='(.*?)'.*versionName='(.*?)'", badging, re.MULTILINE)[0]
    assert (name, version) == ("org.edgefashion.edgefashion", edgefashion.__version__)
    assert "sdkVersion:'24'\ntargetSdkVersion:'35'" in badging
    assert "application-label:'EdgeFashion'" in badging


def modules_of(requirements: list[str]) -> tuple[list[str], list[str]]:
    """python-for-android's plan: recipes to build, and pure Python modules that pip installs."""
    from pythonforandroid.bootstrap import Bootstrap
    from pythonforandroid.build import Context
    from pythonforandroid.graph import get_recipe_order_and_bootstrap

    context = Context()
    context.local_recipes = None
    bootstrap = Bootstrap.get_bootstrap("sdl2", context)
    recipes, modules, _ = get_recipe_order_and_bootstrap(context, requirements, bootstrap)
    return recipes, modules


def pip_for_android(modules: list[str], target: Path) -> "subprocess.CompletedProcess[str]":
    """Ask pip whether it has these modules for a 64-bit phone: python-for-android's own check, without installing."""
    from pythonforandroid.build import Context
    from pythonforandroid.recipe import Recipe

    version = Recipe.get_recipe("python3", Context()).version
    command = [
        sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--disable-pip-version-check",
        "--ignore-installed", "--only-binary=:all:", "--platform", "android_24_arm64_v8a", "--platform",
        "android_24_aarch64", "--python-version", version, "--implementation", "cp", "--target", str(target),
    ]  # fmt: skip
    return subprocess.run([*command, *modules], capture_output=True, text=True)


def test_requirements_resolve_and_install(spec: ConfigParser, tmp_path: Path) -> None:
    need("pythonforandroid", "pip")
    requirements = [name.strip() for name in spec["app"]["requirements"].split(",")]
    recipes, modules = modules_of(requirements)
    assert {"python3", "kivy", "numpy", "pillow", "pyjnius", "sqlite3", "sdl2", "android"} <= set(recipes)
    assert "segno" in modules
    assert not {name for name in (*recipes, *modules) if "tensorflow" in name or "tflite" in name or "litert" in name}
    done = pip_for_android(modules, tmp_path)
    assert done.returncode == 0, done.stderr[-500:]
    refused = pip_for_android(["ai-edge-litert"], tmp_path)
    assert "No matching distribution" in refused.stderr, "the check can fail: LiteRT for Python has no Android wheel"


def test_the_two_specs_of_versions_agree(spec: ConfigParser) -> None:
    """The tools that the tests run are those that a build fetches."""
    pins = (Path(__file__).parent / "requirements.txt").read_text(encoding="utf-8")
    year, month, day = re.findall(r"^python-for-android==(\d+)\.(\d+)\.(\d+)", pins, re.MULTILINE)[0]
    assert spec["app"]["p4a.branch"] == f"v{year}.{int(month):02}.{int(day):02}"
