"""The room of a tiny recipe, and its finished run; once for every module that asks for them."""

from contextlib import contextmanager

import pytest


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with 60 drawn garments in train and 18 in validation, two of them damaged; a recipe and its teacher."""
    from edgefashion.data.drawn import draw_garment
    from edgefashion.models.architectures import ARCHITECTURES
    from edgefashion.models.plain import MlpSpec
    from tests.training.tiny_run import RECIPE, TEACHER, TINY, TYPES

    room = tmp_path_factory.mktemp("room")
    for split, count in (("train", 20), ("validation", 6)):
        for kind in TYPES:
            for seed in range(count):
                path = room / "garments" / split / kind / f"{seed:02d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                draw_garment(kind, seed + (100 if split == "train" else 0), 40).save(path)
    (room / "garments" / "train" / "hat" / "07.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    (room / "garments" / "validation" / "dress" / "03.png").write_bytes(b"")
    (room / "teacher.toml").write_text(TEACHER)
    (room / "tiny.toml").write_text(RECIPE.replace("TEACHER", str(room / "teacher.toml")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny-32", TINY)
        patch.setitem(ARCHITECTURES, "teacher-32", MlpSpec(32, 32, 32, 0.2, 2))
        yield room


@pytest.fixture(scope="module")
def finished(room):
    """The run's reports and its checkpoint."""
    from edgefashion.training.run import run_recipe
    from tests.training.tiny_run import TINY, Counted, tiny

    reports, told = [], {}

    @contextmanager
    def waiting(total, what):
        told[what] = counted = Counted(total)
        yield counted

    checkpoint = run_recipe(tiny(room), room / "run", reports.append, str(room / "garments"), waiting)
    teacher, parts = str(room / "teacher.toml"), 2 + len(TINY.blocks) + 1
    assert {what: (counted.total, counted.done) for what, counted in told.items()} == {
        f"Opening {teacher}": (None, 0), "Decoding pictures": (78, 78), "Building teachers": (1, 1),
        "Making kernels smaller": (1, 1), "Ranking and removing channels": (parts, parts), "Calibrating": (None, 0),
    }  # fmt: skip
    return reports, checkpoint
