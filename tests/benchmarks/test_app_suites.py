"""The two suites that run the app: the judge of the soak, and both apps through one short turn each."""

import importlib.util

import pytest

from benchmarks.app_process import told, write_film
from benchmarks.contestant import ContestantError
from benchmarks.suites import app, soak
from tests.benchmarks.test_suites import _measure

needs_kivy = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("kivy", "av", "edgefashion_app")),
    reason="the extra app is not installed",
)
MEGABYTE = 2**20


def samples(number=200, rounds=20, **changed):
    """What an app in good health tells; `changed`: name → its value at second n."""
    healthy = {
        "at": float,
        "memory": lambda n: (150 + min(n, 20)) * MEGABYTE,
        "threads": lambda n: 10,
        "open files": lambda n: 20 + n % 3,
        "frames": lambda n: 15 * n,
        "answers": lambda n: 14 * n,
        "failed": lambda n: 0,
        "longest without a frame": lambda n: 0.3,
        "longest without an answer": lambda n: 0.4,
        "scans": lambda n: 20,
        "store": lambda n: 400_000,
        "rounds": lambda n: n * rounds // number,
    }
    return [{name: value(n) for name, value in {**healthy, **changed}.items()} for n in range(number)]


def test_a_healthy_app_passes():
    result = soak.summary(samples(), {"model": "m"})
    assert all(limit.kept for limit in result.limits), result.limits
    rows = {row[0]: row[1:] for row in result.rows}
    assert rows["memory, MB"] == (170, 170, 170, 170)
    assert result.settings["frames"] == 15 * 199


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("memory", lambda n: (150 + 0.09 * n) * MEGABYTE, "memory grows"),
        ("threads", lambda n: 10 + (n > 150), "threads that stay"),
        ("open files", lambda n: 20 + n // 50, "open files that stay"),
        ("longest without a frame", lambda n: 0.3 if n < 100 else 3.1, "without a new frame"),
        ("longest without an answer", lambda n: 6, "without a new answer"),
        ("failed", lambda n: n // 199, "failed"),
        ("store", lambda n: n * 20_000, "the store takes"),
    ],
)
def test_what_grows_or_stops_is_found(name, value, limit):
    result = soak.summary(samples(**{name: value}), {})
    assert [item.what for item in result.limits if not item.kept and limit in item.what], result.limits


def test_a_run_that_is_too_short_is_refused():
    for short in (samples(number=200, rounds=2), samples(number=3), []):
        with pytest.raises(ContestantError, match="--minutes"):
            soak.summary(short, {})


@needs_kivy
def test_an_app_that_fails_says_why(tmp_path):
    with pytest.raises(ContestantError, match=r"app: .*KeyError"):
        list(told("app", "nothing", "film", "model", "800x480", "1", "0"))


@needs_kivy
def test_both_apps_are_measured(tiny_model, monkeypatch):
    monkeypatch.setattr(app, "SIZES", ((240, 320),))
    result = _measure(app, "--model", tiny_model, "--turns", 1, "--seconds", 1, "--window", "400x320")
    rows = {row[1]: dict(zip(result.columns, row, strict=True)) for row in result.rows}
    assert list(rows) == ["edgefashion", "tutorial", "the bare network", "window"]
    for name in ("edgefashion", "tutorial"):
        assert rows[name]["frames/s"] > 0
        assert rows[name]["labels/s"] > 0
        assert rows[name]["UI thread, ms a frame"] > 0
        assert 0 < rows[name]["UI thread, share of time"] <= 1
        assert rows[name]["start → first label, s"] > 0.2
        assert rows[name]["memory, MB"] > rows["window"]["memory, MB"] > 20
        assert 0 <= rows[name]["of it Mesa's renderer, MB"] < rows["window"]["memory, MB"]
    assert rows["edgefashion"]["ratio"] == 1
    assert len(result.limits) == 3
    assert len(result.comparisons) == 4


def test_a_film_is_what_was_asked_for(tmp_path):
    av = pytest.importorskip("av", reason="the extra camera is not installed")
    write_film(tmp_path / "film.avi", (48, 64), seconds=1, rate=10, garments=2)
    with av.open(str(tmp_path / "film.avi")) as container:
        pictures = [picture.to_ndarray(format="rgb24").astype(int) for picture in container.decode(video=0)]
    assert (len(pictures), pictures[0].shape) == (10, (48, 64, 3))
    within, between = (abs(pictures[0] - pictures[n]).mean() for n in (1, 9))
    assert 0 < within < between, "it sways, and then comes the other garment"
