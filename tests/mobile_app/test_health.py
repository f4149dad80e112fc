"""What the health page reads from the system: a Raspberry Pi's files, where they are there."""

from pathlib import Path

import pytest

pytest.importorskip("kivy", reason="the extra app is not installed")

from edgefashion_app.health import FrameRate, _temperature, _throttled
from edgefashion_app.text import use_language


@pytest.mark.parametrize("chip", ["soc/soc:firmware", "soc@107c000000/soc@107c000000:firmware"], ids=["Pi 4", "Pi 5"])
@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("0", "no"), ("0x0", "no"), ("50000", "no"), ("1", "under-voltage"),
        ("50005", "under-voltage, throttled"), ("d", "under-voltage, throttled, soft temperature limit"), ("?", None),
    ],
)  # fmt: skip
def test_what_slows_a_pi_down(tmp_path: Path, chip: str, flags: str, told: str | None) -> None:
    """Bits 16 to 19 tell what happened since the start; they are no news of now."""
    (tmp_path / chip).mkdir(parents=True)
    (tmp_path / chip / "get_throttled").write_text(flags + "\n")
    assert _throttled(tmp_path) == told


def test_what_slows_a_pi_down_is_told_in_the_language_of_the_screen(tmp_path: Path) -> None:
    (tmp_path / "soc/soc:firmware").mkdir(parents=True)
    file = tmp_path / "soc/soc:firmware/get_throttled"
    use_language("de")
    try:
        for flags, told in (
            ("f", "Unterspannung, Takt begrenzt, gedrosselt, Temperaturgrenze erreicht"),
            ("0", "nein"),
        ):
            file.write_text(flags)
            assert _throttled(tmp_path) == told
    finally:
        use_language("en")


def test_another_computer_has_no_such_files(tmp_path: Path) -> None:
    assert _throttled(tmp_path) is None
    assert _temperature(tmp_path / "temp") is None


def test_the_temperature_is_in_thousandths(tmp_path: Path) -> None:
    (tmp_path / "temp").write_text("48312\n")
    assert _temperature(tmp_path / "temp") == pytest.approx(48.312)
    (tmp_path / "temp").write_text("hot")
    assert _temperature(tmp_path / "temp") is None


def test_frames_a_second_over_the_last_seconds() -> None:
    rate = FrameRate(seconds=3.0)
    assert rate.update(0, at=0.0) == 0.0
    assert rate.update(15, at=1.0) == pytest.approx(15.0)
    assert rate.update(45, at=3.0) == pytest.approx(15.0)
    assert rate.update(45, at=9.0) == 0.0, "what is longer ago does not count"
    assert rate.update(5, at=10.0) == 0.0, "another camera counts anew"
