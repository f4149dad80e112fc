"""Recipes: every shipped one loads, every mistake names what would have been right."""

import dataclasses
import math
from pathlib import Path

import pytest

pytest.importorskip("tf_keras", reason="the extra train is not installed")

from edgefashion.data.manifest import Manifest, Row
from edgefashion.errors import DataError, RecipeError
from edgefashion.training.own import own_recipe
from edgefashion.training.recipe import Augment, PruneKernels, Schedule
from edgefashion.training.recipe_file import RECIPES, check_recipe, load_recipe, recipe_names

GOOD = """
name = "mine"
seed = 3
[data]
source = "photos"
train = ["train", "test"]
[model]
architecture = "nano-28"
[augment]
rotate = 5
[fit]
epochs = 2
learning-rate = 1e-2
[prune-channels]
epochs = 1
keep = 0.5
"""
KERNELS = "[prune-kernels]\nblocks = [4, 2]\n"


@pytest.fixture
def read(tmp_path):
    def load(text):
        (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
        return load_recipe(str(tmp_path / "mine.toml"))

    return load


def test_every_shipped_recipe_loads():
    assert set(recipe_names()) >= {"fashion-mnist-nano", "garment-base", "seed-mlp"}
    assert len(recipe_names()) == len(list(RECIPES.iterdir()))
    for name in recipe_names():
        recipe = load_recipe(name)
        assert recipe.name == name
        assert load_recipe(str(RECIPES / f"{name}.toml")) == recipe
        if recipe.distil:
            teachers = [load_recipe(name) for name in recipe.distil.teachers]
            assert all(teacher.fit or teacher.distil for teacher in teachers)


def test_values_arrive_where_they_belong(read):
    recipe = read(GOOD)
    assert (recipe.name, recipe.seed, recipe.data.train, recipe.augment.rotate) == ("mine", 3, ("train", "test"), 5.0)
    assert isinstance(recipe.augment.rotate, float)
    assert recipe.fit == Schedule(2, learning_rate=1e-2)
    assert (recipe.prune_channels.keep, recipe.prune_channels.multiple) == (0.5, 8)
    assert read(GOOD + KERNELS).prune_kernels == PruneKernels((4, 2), batch=32, batches=16)
    assert recipe.distil is recipe.prune_weights is recipe.quantise_aware is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "seed = 3",
            "sead = 3",
            r"Unknown key 'sead' in \[recipe\]. Known: augment, blend, data, .*prune-channels.*version",
        ),
        ("[fit]", "[fitt]", r"Unknown key 'fitt'.*Known: .*fit"),
        ("epochs = 2", "epoch = 2", r"Unknown key 'epoch' in \[fit\]. Known: average, balance, batch, .*learning-rate"),
        ("learning-rate", "learning_rate", r"Unknown key 'learning_rate' in \[fit\]. Known: .*learning-rate"),
        ("keep = 0.5", "kep = 0.5", r"Unknown key 'kep' in \[prune-channels\]. Known: .*keep.*multiple"),
        ("epochs = 2\n", "", r"\[fit\] lacks the key epochs"),
        ('source = "photos"\n', "", r"\[data\] lacks the key source"),
        ('name = "mine"\n', "", r"\[recipe\] lacks the key name"),
        ('[model]\narchitecture = "nano-28"\n', "", r"\[recipe\] lacks the key model"),
        ("epochs = 2", 'epochs = "2"', "'fit.epochs' has a value of the wrong kind. Received: '2'"),
        ("epochs = 2", "epochs = 2.5", "'fit.epochs'.*wrong kind"),
        ("epochs = 2", "epochs = true", "'fit.epochs'.*wrong kind"),
        ("seed = 3", "seed = [3]", "'seed'.*wrong kind"),
        ("rotate = 5", "rotate = true", "'augment.rotate'.*wrong kind"),
        ("rotate = 5", "flip = 1", "'augment.flip'.*wrong kind"),
        ('["train", "test"]', '"train"', "'data.train'.*wrong kind"),
        ('["train", "test"]', "[1]", "'data.train'.*wrong kind"),
        ("[fit]", "[[fit]]", "'fit'.*wrong kind"),
        ("epochs = 2", "epochs = -1", "'fit.epochs' must lie between 0 and 10000. Received: -1"),
        ("epochs = 2", "epochs = 2\nbatch = 0", "'fit.batch' must lie between 1 and 65536"),
        ("1e-2", "-1e-2", "'fit.learning-rate' must lie between 0 and 10"),
        ("1e-2", "nan", "'fit.learning-rate' must lie between"),
        ("epochs = 2", "epochs = 2\nweight-decay = -1.0", "'fit.weight-decay' must lie between 0 and 1"),
        ("epochs = 2", "epochs = 2\naverage = 1.0", "'fit.average' must lie between"),
        ("keep = 0.5", "keep = 0.0", "'prune-channels.keep' must lie between 0.05 and 1"),
        ("keep = 0.5", 'of = "grams"', "'prune-channels.of' must be macs or bytes. Received: 'grams'"),
        ("keep = 0.5", "macs = 0.5", "'prune-channels.macs' is counted beside the bytes: it needs of = \"bytes\""),
        ("keep = 0.5", 'of = "bytes"\nmacs = 1.5', "'prune-channels.macs' must lie between 0 and 1"),
        ("[fit]", "[prune-kernels]\nblocks = []\n[fit]", "'prune-kernels.blocks' must name blocks by their numbers"),
        ("[fit]", "[prune-kernels]\nblocks = [4, -1]\n[fit]", "'prune-kernels.blocks' must name blocks"),
        ("[fit]", '[prune-kernels]\nblocks = ["4"]\n[fit]', "'prune-kernels.blocks' has a value of the wrong kind"),
        ("[fit]", "[prune-kernels]\nblocks = [true]\n[fit]", "'prune-kernels.blocks' has a value of the wrong kind"),
        ("[fit]", "[prune-kernels]\n[fit]", r"\[prune-kernels\] lacks the key blocks"),
        ("epochs = 2", "epochs = 2\nstrength = 1.5", "'fit.strength' must lie between 0 and 1"),
        ("keep = 0.5", "multiple = 0", "'prune-channels.multiple' must lie between 1 and 64"),
        ("keep = 0.5", "courses = 0", "'prune-channels.courses' must lie between 1 and 100"),
        ("keep = 0.5", "courses = 2", "'courses' needs 'model.folded'"),
        ("keep = 0.5", "batches = 0", "'prune-channels.batches' must lie between 1 and"),
        ("keep = 0.5", "temperature = 0.0", "'prune-channels.temperature' must lie between 0.1 and 100"),
        ("rotate = 5", "scale = 0.0", "'augment.scale' must lie between 0.01 and 1"),
        ("rotate = 5", "aspect = 0.5", "'augment.aspect' must lie between 1 and 10"),
        ("rotate = 5", "erase = inf", "'augment.erase' must lie between 0 and 1"),
        ('"nano-28"', '"nano-28"\nheight = -5', "'model.height' must lie between 0 and 4096"),
        ('"nano-28"', '"nano-28"\ndropout = 1.0', "'model.dropout' must lie between 0 and 0.95"),
        ("seed = 3", "seed = -3", "'seed' must lie between 0 and 2"),
        ('"mine"', '""', "'name' must be printable"),
        ('"mine"', '"../mine"', "'name' must be printable, without '/'"),
        ("[fit]", "[quantise-aware]", "nothing to start from"),
        ("[prune-channels]", "[prune-weights]\nepochs = 1\naverage = 0.9\n[prune-channels]", "can't average weights"),
        ("[fit]", "[last-layer]\nepochs = 1\n[fit]", r"\[last-layer\] lacks the key extra"),
        ("[fit]", "[distil]", r"\[distil\] lacks the key teachers"),
        ("[fit]", '[distil]\nteachers = ["x"]\nepochs = 1\ncourses = 2\n[fit]', "'courses' needs 'model.folded'"),
        ("[fit]", '[last-layer]\nextra = ["x"]\ngarments-stay = 1\n[fit]', "'last-layer.garments-stay' has a value"),
        ('"nano-28"', '"nano-28"\nheads = ["pattern"]\nauxiliary = ["colour"]', "may name heads of this recipe only"),
        ("[fit]", "[blend]\nstart = 0.5\n[fit]", r"\[blend\] needs 'model.weights'"),
        (
            '"nano-28"',
            '"nano-28"\nweights = "x"\nfolded = true\n[blend]\nstart = 0.5\nimagenet = 0.5',
            "leaves nothing of what was trained",
        ),
        (
            '"nano-28"',
            '"nano-28"\nweights = "x"\nfolded = true\n[blend]\nshare = 0.5',
            "a recipe has both or neither",
        ),
        (
            '"nano-28"',
            '"nano-28"\nweights = "x"\nfolded = true\n[blend]\nhead = 0.5',
            r"'blend.head' is the share of what \[head\] gave",
        ),
        ("[fit]", "[fit", "can't be read.*line 11"),
        ("[fit]", "\x00", "can't be read"),
    ],
)
def test_a_mistake_is_named(read, old, new, message):
    assert old in GOOD
    with pytest.raises(RecipeError, match=message) as caught:
        read(GOOD.replace(old, new, 1))
    assert "\n" not in str(caught.value)


def test_recipes_that_are_not_there(tmp_path):
    for name in ("garment-bas", str(tmp_path / "none.toml"), ""):
        with pytest.raises(
            RecipeError, match=r"There is no recipe .* Known: fashion-mnist-mobile, .*seed-mlp, or a \.toml"
        ):
            load_recipe(name)
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes('name = "Hütte"'.encode("latin-1"))
    for name in ("folder.toml", "latin.toml"):
        with pytest.raises(RecipeError, match="can't be read"):
            load_recipe(str(tmp_path / name))


def _variations(value):
    """Other values of the same kind."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value + 1]
    if isinstance(value, str):
        return [value + "x"]
    return [(*value, "x")]


def test_the_digest_changes_with_every_value_but_not_with_the_place_of_the_data(read):
    recipe = read(GOOD)
    digests = {recipe.digest}
    count = 1
    for field in dataclasses.fields(recipe):
        value = getattr(recipe, field.name)
        if dataclasses.is_dataclass(value):
            for inner in dataclasses.fields(value):
                for other in _variations(getattr(value, inner.name)):
                    changed = dataclasses.replace(value, **{inner.name: other})
                    digests.add(dataclasses.replace(recipe, **{field.name: changed}).digest)
                    count += 1
            if field.default is None:
                digests.add(dataclasses.replace(recipe, **{field.name: None}).digest)
                count += 1
        elif value is not None:
            for other in _variations(value):
                digests.add(dataclasses.replace(recipe, **{field.name: other}).digest)
                count += 1
    assert len(digests) == count > 40

    def digest(source):
        return dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, source=source)).digest

    assert digest("clothing:here") == digest("clothing:/over/there")
    assert digest("photos") == digest("/over/there/photos") == digest("there/photos/") != digest("other")
    assert digest("fashion-mnist") == digest("fashion-mnist:there") != digest("clothing:there")


def test_a_weaker_augmentation_is_weaker_in_every_number():
    whole = Augment(rotate=20, scale=0.4, aspect=1.5, shift=0.1, brightness=0.2, contrast=0.3, saturation=0.3, cast=0.1,
                    blur=0.6, erase=0.5, mixup=0.2, floor=0.4)  # fmt: skip
    assert whole.scaled(1.0) == whole
    assert whole.scaled(0.0) == Augment(flip=False)
    half = whole.scaled(0.5)
    assert half.flip
    assert (half.rotate, half.scale, half.aspect, half.erase) == (10.0, 0.7, 1.25, 0.25)
    for field in dataclasses.fields(Augment):
        if field.name != "flip":
            plain, less, full = (getattr(plan, field.name) for plan in (Augment(), half, whole))
            assert less == pytest.approx((plain + full) / 2) != full


def _own(count, labels=("hat", "dress")):
    rows = [
        Row(f"{i}.jpg", labels[i % len(labels)], f"g{i}", "validation" if i % 10 >= 8 else "train")
        for i in range(count)
    ]
    return Manifest("photos", tuple(rows), tuple(sorted(labels)))


@pytest.mark.parametrize(("pictures", "epochs", "batch"), [(50, 8, 16), (400, 5, 16), (10_000, 5, 32)])
def test_own_pictures_get_sane_settings(pictures, epochs, batch):
    recipe = own_recipe(_own(pictures), "/home/me/My Photos 2024/")
    assert recipe.name == "my-photos-2024"
    assert (recipe.fit.epochs, recipe.fit.batch) == (epochs, batch)
    assert 0 < recipe.fit.warmup < epochs / 2
    assert recipe.quantise_aware.epochs == 0
    assert (recipe.blend.head if recipe.blend else 0.0) == (0.5 if pictures * 0.8 < 800 else 0.0)
    assert recipe.head.learning_rate > recipe.fit.learning_rate
    steps = math.ceil(pictures * 0.8 / batch) * epochs
    assert 20 <= steps <= 2000
    assert recipe.data.source == "/home/me/My Photos 2024/"


def test_own_pictures_make_a_recipe_that_could_have_been_a_file():
    check_recipe(own_recipe(_own(50), "photos"))


def test_one_label_is_refused():
    with pytest.raises(DataError, match=r"one label only \('hat'\)"):
        own_recipe(_own(50, labels=("hat",)), "photos")
    with pytest.raises(DataError, match="no validation picture"):
        own_recipe(_own(8), "photos")
    with pytest.raises(DataError, match="holds no labelled picture"):
        own_recipe(Manifest("photos", (), ("a", "b")), "photos")


def test_a_quick_recipe_trains_the_last_layer_alone():
    for count in (50, 5000):
        recipe = own_recipe(_own(count), "photos", quick=True)
        stages = ("head", "fit", "refine", "distil", "prune_kernels", "prune_channels", "prune_weights",
                  "quantise_aware")  # fmt: skip
        assert [name for name in stages if getattr(recipe, name)] == ["head"]
        assert recipe.name == "photos-quick"


def test_a_head_alone_needs_a_network_to_stand_on(tmp_path):
    path = tmp_path / "head.toml"
    network = '[data]\nsource = "photos"\n[model]\narchitecture = "nano-28"\n'
    path.write_text(f'name = "x"\n{network}[head]\nepochs = 3\n[fit]\nepochs = 1\n')
    with pytest.raises(RecipeError, match=r"needs 'model\.weights'"):
        load_recipe(str(path))


def test_names_of_own_recipes_are_file_names():
    for source, name in (("clothing:/x/y", "clothing"), ("a.csv", "a"), ("Ünï", "n"), ("///", "own"), (".", "own")):
        assert own_recipe(_own(50), source).name == name
    assert Path("runs", own_recipe(_own(50), "../../etc").name) == Path("runs/etc")
