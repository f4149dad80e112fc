"""The verb `data check`, as a user meets it: through the command line."""

import json
from pathlib import Path

import pytest

from edgefashion.cli import main
from edgefashion.data.drawn import draw_garment


def photos(root: Path, *places: str) -> Path:
    """Draws a garment at each place: label/name.png; gives the folder."""
    for seed, place in enumerate(places):
        path = root / "photos" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_garment(path.parent.name, seed, 80).save(path)
    return root / "photos"


def test_a_fine_folder_shows_its_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = photos(tmp_path, "dress/1.png", "dress/2.png", "pants/3.png", "pants/4.png")
    assert main(["data", "check", str(folder)]) == 0
    shown = capsys.readouterr()
    assert "photos: 4 pictures, 2 labels, 4 groups" in shown.out
    assert [line.split()[0::4] for line in shown.out.splitlines() if line.startswith("pants")] == [["pants", "2"]]
    assert "exact duplicates" in shown.out
    assert "largest groups" not in shown.out
    assert shown.err == ""


def test_trouble_that_can_be_lived_with_is_told_and_exits_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photos(tmp_path, "dress/1.png", "pants/2.png", "pants/3.png")
    (folder / "pants" / "4.png").write_bytes((folder / "dress" / "1.png").read_bytes())
    (folder / "pants" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    assert main(["data", "check", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["usable"] is True
    assert list(report["unreadable"]) == ["pants/broken.jpg"]
    assert report["duplicates"]["exact"] == report["relabelled"] == [["dress/1.png", "pants/4.png"]]
    assert report["labels"]["pants"]["groups"] == 4
    assert len(report["digest"]) == 64
    assert main(["data", "check", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "Warning: labels with one readable picture" in shown
    assert "pants/broken.jpg: " in shown
    assert "dress/1.png = pants/4.png" in shown


@pytest.mark.parametrize(
    ("places", "content", "message"),
    [
        ((), None, "holds no picture in a label folder"),
        (("dress/1.png", "dress/2.png"), None, "one label only ('dress')"),
        (("dress/1.png", "pants/2.png"), b"junk", "none of its pictures can be read"),
    ],
)
def test_a_source_that_cannot_be_used_exits_with_1_and_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    places: tuple[str, ...],
    content: bytes | None,
    message: str,
) -> None:
    folder = photos(tmp_path, *places)
    folder.mkdir(exist_ok=True)
    if content is not None:
        for place in places:
            (folder / place).write_bytes(content)
    assert main(["data", "check", str(folder)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_wrong_usage_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        raise SystemExit(main(["data"]))
    assert caught.value.code == 2
    capsys.readouterr()
