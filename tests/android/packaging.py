"""What Buildozer and python-for-android would package, as far as that goes without Android's SDK and NDK.

Private methods of both are called: their versions are pinned in requirements.txt.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import warnings
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")
TOOLS = ("aapt", "aapt2", "apksigner", "zipalign", "keytool")
INSTALL = "sudo apt-get install --no-install-recommends aapt apksigner zipalign android-framework-res"


@dataclass(frozen=True)
class Project:
    """A generated Android project.

    Attributes:
        folder: Where Gradle would begin.
        sources: What Buildozer copied out of source.dir, as paths below it.
        archive: What lies in private.tar, the Python part of the APK.
        manifest, gradle: Texts of AndroidManifest.xml and build.gradle.
        package: The app's id.
        min_api: As in the spec.
    """

    folder: Path
    sources: frozenset[str]
    archive: frozenset[str]
    manifest: str
    gradle: str
    package: str
    min_api: str


def make_project(staged: Path) -> Project:
    """Check the spec of a staged folder and generate the project from it; HOME must be a folder to write to."""
    import pythonforandroid
    from buildozer import Buildozer

    with chdir(staged):
        buildozer = Buildozer("buildozer.spec", "android")
        buildozer.check_configuration_tokens()
        target = buildozer.target
        target.check_configuration_tokens()
        buildozer.check_build_layout()
        buildozer._copy_application_sources()
        app = Path(buildozer.app_dir)
        sources = frozenset(path.relative_to(app).as_posix() for path in app.rglob("*") if path.is_file())
        folder = Path(target.get_dist_dir(buildozer.config.get("app", "package.name")))
        _copy_bootstrap(Path(pythonforandroid.__file__).parent, folder, target)
        command = _build_arguments(target)
        done = subprocess.run([sys.executable, "build.py", *command], cwd=folder, text=True, capture_output=True)
        if done.returncode:
            raise RuntimeError(f"python-for-android's build.py: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    with tarfile.open(folder / "src/main/assets/private.tar") as archive:
        names = frozenset(name.removeprefix("./") for name in archive.getnames())
    manifest = (folder / "src/main/AndroidManifest.xml").read_text(encoding="utf-8")
    gradle = (folder / "build.gradle").read_text(encoding="utf-8")
    return Project(folder, sources, names, manifest, gradle, target._get_package(), str(target.android_minapi))


def _copy_bootstrap(pythonforandroid: Path, folder: Path, target: Any) -> None:
    """Lay out what `p4a create` would have left, without anything that is compiled."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("common", "_sdl_common", target._p4a_bootstrap):
        shutil.copytree(pythonforandroid / "bootstraps" / name / "build", folder, dirs_exist_ok=True)
    sdk = folder.parent / "sdk"
    (sdk / "build-tools" / "33.0.0").mkdir(parents=True, exist_ok=True)
    (folder / "local.properties").write_text(f"sdk.dir={sdk}")
    (folder / "project.properties").write_text(f"target=android-{target.android_api}")
    about = {
        "dist_name": folder.name, "bootstrap": target._p4a_bootstrap, "archs": target._archs,
        "ndk_api": int(target.android_minapi), "use_setup_py": False, "recipes": [], "hostpython": sys.executable,
        "python_version": "3.14",
    }  # fmt: skip
    (folder / "dist_info.json").write_text(json.dumps(about))
    for arch in target._archs:
        (folder / "libs" / arch).mkdir(parents=True)
        (folder / f"_python_bundle__{arch}").mkdir()


def _build_arguments(target: Any) -> list[str]:
    """Return what Buildozer would hand to python-for-android's build.py."""
    command: list[str] = []
    target._p4a = lambda given, **_: command.extend(map(str, given))
    target.check_p4a_sign_env = lambda *_: False
    target._update_libraries_references = target._generate_whitelist = lambda *_: None
    target.artifact_format, target.build_mode = "apk", "debug"
    try:
        with warnings.catch_warnings(category=ResourceWarning, action="ignore"):  # Buildozer leaves a file open
            target.build_package()
    except (OSError, RuntimeError):
        if not command:  # beyond the command it looks for the APK
            raise
    kept: list[str] = ["--no-byte-compile-python"]
    words = iter(command[1:])
    for word in words:
        if word in ("--bootstrap", "--dist_name", "--ndk-api", "--arch", "--local-recipes"):
            next(words)
        elif word != "--copy-libs":
            kept.append(word)
    return kept


def missing_tools() -> list[str]:
    """Return which of Debian's packages for Android are not here."""
    return [tool for tool in TOOLS if shutil.which(tool) is None] + ([] if FRAMEWORK.exists() else [str(FRAMEWORK)])


def make_apk(project: Project, out: Path) -> str:
    """Compile, link, align and sign the resources as an APK without code; returns what `aapt dump badging` says."""
    manifest = out / "AndroidManifest.xml"
    text = project.manifest.replace("<manifest ", f'<manifest package="{project.package}" ', 1)  # as Gradle does
    text = re.sub(r"<queries>.*?</queries>", "", text, flags=re.DOTALL)  # Debian's aapt2 is older than Android 11's
    manifest.write_text(text, encoding="utf-8")
    main = project.folder / "src" / "main"
    key = ["-keystore", f"{out}/k.jks", "-storepass", "android", "-keypass", "android", "-alias", "a", "-keyalg", "RSA"]
    signed = ["--ks", f"{out}/k.jks", "--ks-pass", "pass:android", "--min-sdk-version", project.min_api, f"{out}/a.apk"]
    for command in (
        ["aapt2", "compile", "--dir", f"{main}/res", "-o", f"{out}/res.zip"],
        ["aapt2", "link", "-I", str(FRAMEWORK), "--manifest", str(manifest), "-A", f"{main}/assets",
         "--auto-add-overlay", "-o", f"{out}/u.apk", f"{out}/res.zip"],
        ["zipalign", "-f", "-p", "4", f"{out}/u.apk", f"{out}/a.apk"],
        ["keytool", "-genkeypair", *key, "-validity", "1", "-dname", "CN=test"],
        ["apksigner", "sign", *signed],
        ["apksigner", "verify", "--min-sdk-version", project.min_api, f"{out}/a.apk"],
        ["aapt", "dump", "badging", f"{out}/a.apk"],
    ):  # fmt: skip
        done = subprocess.run(command, text=True, capture_output=True, env=os.environ)
        if done.returncode:
            raise RuntimeError(f"{command[0]} {command[1]}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout
