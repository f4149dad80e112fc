"""The kiosk's unit and its install script: checked by systemd and shellcheck, and run into a staged root."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SCRIPT, UNIT = DEPLOY / "install-kiosk.sh", DEPLOY / "edgefashion-kiosk.service"
STAGED_UNIT, STAGED_OPTIONS = "etc/systemd/system/edgefashion-kiosk.service", "etc/default/edgefashion-kiosk"
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")


def install(*options: str, staged: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DESTDIR": str(staged) if staged else ""}
    return subprocess.run([SCRIPT, *options], env=environment, capture_output=True, text=True, timeout=60)


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program}")


def test_the_script_has_no_known_faults() -> None:
    needs("shellcheck")
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    needs("systemd-analyze")
    program = tmp_path / "venv/bin/edgefashion-app"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(filled(UNIT.read_text(), str(tmp_path)))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    told = [line for line in done.stderr.splitlines() if UNIT.stem in line]
    assert (done.returncode, told) == (0, [])
    unit.write_text(unit.read_text().replace("WatchdogSec=30", "WatchdogSec=soon"))
    wrong = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert ":15: Failed to parse sec value" in wrong.stderr


def filled(unit: str, prefix: str) -> str:
    return unit.replace("@PREFIX@", prefix).replace("@USER@", "edgefashion").replace("@HOME@", "/var/lib/edgefashion")


def test_the_unit_restarts_after_crash_and_hang_and_reaches_no_network() -> None:
    lines = set(UNIT.read_text().splitlines())
    assert {
        "Restart=always",
        "Type=notify",
        "WatchdogSec=30",
        "StartLimitIntervalSec=0",
        "NoNewPrivileges=yes",
    } <= lines
    assert "SupplementaryGroups=video render input audio" in lines
    assert "RestrictAddressFamilies=AF_UNIX AF_NETLINK" in lines
    settings = {line.partition("=")[0] for line in lines if line and not line.startswith(("#", "["))}
    # Each of these would close the screen, the camera or the graphics driver.
    assert not settings & {"PrivateDevices", "ProtectClock", "DeviceAllow", "MemoryDenyWriteExecute", "PrivateNetwork"}


def test_a_staged_install_writes_two_files_and_keeps_what_was_chosen(tmp_path: Path) -> None:
    done = install("--source", "usb:0", staged=tmp_path)
    assert done.returncode == 0, done.stderr
    written = files(tmp_path)
    assert set(written) == {STAGED_UNIT, STAGED_OPTIONS}
    assert written[STAGED_UNIT] == filled(UNIT.read_text(), "/opt/edgefashion")
    assert 'EDGEFASHION_OPTIONS="--source usb:0"' in written[STAGED_OPTIONS]
    (tmp_path / STAGED_OPTIONS).write_text('EDGEFASHION_OPTIONS="--source usb:1 --idle 30"\n')
    again = install(staged=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "--idle 30" in (tmp_path / STAGED_OPTIONS).read_text()
    assert files(tmp_path)[STAGED_UNIT] == written[STAGED_UNIT]


def test_uninstalling_keeps_the_scans_unless_told(tmp_path: Path) -> None:
    install(staged=tmp_path)
    scans = tmp_path / "var/lib/edgefashion/scans.db"
    scans.parent.mkdir(parents=True)
    scans.write_text("kept")
    assert install("--uninstall", staged=tmp_path).returncode == 0
    assert list(files(tmp_path)) == ["var/lib/edgefashion/scans.db"]
    assert install("--uninstall", staged=tmp_path).returncode == 0, "twice does no harm"
    assert install("--uninstall", "--purge", staged=tmp_path).returncode == 0
    assert files(tmp_path) == {}


def test_a_dry_run_prints_and_does_nothing(tmp_path: Path) -> None:
    done = install("--dry-run", staged=tmp_path)
    assert done.returncode == 0, done.stderr
    assert files(tmp_path) == {}
    assert f"write {tmp_path}/{STAGED_UNIT}" in done.stdout
    real = install("--dry-run").stdout
    for wanted in ("python3-picamera2", "--system-site-packages", r"\[app\,codes\]", "systemctl enable"):
        assert wanted in real
    assert "systemctl disable --now" in install("--dry-run", "--uninstall").stdout


WRONG = (
    "--camera", "--source", "--source 'usb:0 --folder /'", "--source 'folder:/a\"b'", "--source http://x",
    "--wheel /no/such.whl", "--purge",
)  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_is_told_in_one_line(line: str, tmp_path: Path) -> None:
    done = install(*shlex.split(line), staged=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("install-kiosk.sh: ")
    assert done.stderr.count("\n") == 1
    assert files(tmp_path) == {}
