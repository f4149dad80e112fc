"""Training pictures: prepared exactly as on the device, shuffled by the seed, changed only as the plan says."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("tf_keras", reason="the extra train is not installed")

import tensorflow as tf

from edgefashion.data.drawn import draw_garment
from edgefashion.data.manifest import Manifest, Row
from edgefashion.data.sources import open_source
from edgefashion.errors import DataError
from edgefashion.runtime.card import InputRule
from edgefashion.runtime.image import prepare
from edgefashion.runtime.look import again, look
from edgefashion.training.augment import augment, mix, normalise
from edgefashion.training.pipeline import Pictures, as_rgb, batches, load_pictures
from edgefashion.training.recipe import Augment
from tests.models.tiny import drawn_pictures

SEED = tf.constant([1, 2], tf.int32)
STRONG = Augment(
    rotate=30, scale=0.3, aspect=1.5, shift=0.2, brightness=0.9, contrast=0.9, saturation=0.9, cast=0.5, erase=0.5
)


@pytest.fixture
def photos(tmp_path):
    """Twelve JPEG photos of two labels, every EXIF orientation among them, 90 × 120 pixels."""
    for number in range(12):
        kind = ("dress", "hat")[number % 2]
        path = tmp_path / "photos" / kind / f"{number:02d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[0x0112] = number % 8 + 1
        draw_garment(kind, number, (90, 120)).save(path, exif=exif, quality=90)
    return tmp_path / "photos"


def test_pictures_are_looked_at_as_a_model_of_garments_does(photos):
    manifest = open_source(str(photos))
    for taxonomy in ("garment", "fashion-mnist"):
        images = load_pictures(manifest, 32, 32, taxonomy=taxonomy).images
        seen = [look(photos / row.path, InputRule(32, 32), taxonomy) for row in manifest.rows]
        np.testing.assert_array_equal(images, [at.picture for at in seen])
        pictures = load_pictures(manifest, 32, 32, taxonomy=taxonomy, further=True)
        np.testing.assert_array_equal(pictures.images, images)
        if taxonomy == "garment":
            np.testing.assert_array_equal(pictures.further, [again(at) for at in seen])
        else:
            assert pictures.further is None
        plain = [prepare(photos / row.path, 32, 32) for row in manifest.rows]
        whole = [np.array_equal(at.picture, picture) for at, picture in zip(seen, plain, strict=True)]
        assert all(whole) if taxonomy == "fashion-mnist" else 0 < sum(whole) < len(whole), "some are small, some not"


@pytest.mark.parametrize("rule", ["stretch", "pad", "crop"])
def test_photos_equal_the_devices_preparation_pixel_for_pixel(photos, rule):
    manifest = open_source(str(photos))
    told = []
    pictures = load_pictures(manifest, 24, 32, rule, told.append)
    assert pictures.images.shape == (12, 24, 32, 3)
    assert pictures.images.dtype == np.uint8
    assert sum(told) == 12
    assert pictures.skipped == ()
    for image, truth, row in zip(pictures.images, pictures.truth, pictures.rows, strict=True):
        path = photos / row.path
        assert manifest.labels[truth] == row.type == path.parent.name
        np.testing.assert_array_equal(image, prepare(path, 24, 32, rule))
        np.testing.assert_array_equal(image, prepare(path.read_bytes(), 24, 32, rule))
    turned = Image.open(photos / "hat" / "05.jpg")
    assert turned.getexif()[0x0112] == 6
    upright = prepare(np.asarray(turned.transpose(Image.Transpose.ROTATE_270)), 24, 32, rule)
    place = next(i for i, row in enumerate(pictures.rows) if row.path.endswith("05.jpg"))
    assert (
        np.abs(pictures.images[place].astype(int) - upright).mean() < 4.0
    )  # lying on its side it would be 20 and more
    plain = normalise(tf.constant(pictures.images)).numpy()
    np.testing.assert_array_equal(plain * 128 + 128, pictures.images)


def _grey(count=6, side=28):
    arrays = np.random.default_rng(0).integers(0, 256, (count, side, side), dtype=np.uint8)
    rows = tuple(Row(str(i), "ab"[i % 2], str(i), "train") for i in range(count))
    return Manifest("grey", rows, ("a", "b"), arrays=arrays)


@pytest.mark.parametrize("side", [28, 20])
def test_grey_arrays_equal_the_devices_preparation_pixel_for_pixel(side):
    manifest = _grey()
    told = []
    pictures = load_pictures(manifest, side, side, advance=told.append)
    assert sum(told) == 6
    for image, row in zip(as_rgb(pictures.images), pictures.rows, strict=True):
        np.testing.assert_array_equal(image, prepare(manifest.picture(row), side, side))
    assert pictures.truth.tolist() == [0, 1, 0, 1, 0, 1]


def test_an_unreadable_picture_is_skipped_and_named(photos):
    (photos / "dress" / "04.jpg").write_bytes((photos / "dress" / "04.jpg").read_bytes()[:600])
    (photos / "hat" / "03.jpg").write_text("no picture")
    manifest = open_source(str(photos))
    told = []
    pictures = load_pictures(manifest, 16, 16, advance=told.append)
    assert sum(told) == 12
    assert [path for path, _ in pictures.skipped] == ["dress/04.jpg", "hat/03.jpg"]
    assert "not a picture of a known format" in pictures.skipped[1][1]
    assert len(pictures.images) == len(pictures.truth) == len(pictures.rows) == 10
    for image, truth, row in zip(pictures.images, pictures.truth, pictures.rows, strict=True):
        np.testing.assert_array_equal(image, prepare(photos / row.path, 16, 16))
        assert manifest.labels[truth] == row.type


def test_not_one_readable_picture_is_an_error(photos):
    for path in photos.rglob("*.jpg"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="Not one of the 12 pictures of 'photos' could be read"):
        load_pictures(open_source(str(photos)), 16, 16)


@pytest.mark.parametrize(("count", "size"), [(12, 4), (10, 4), (3, 8), (1, 1)])
def test_batches_hold_every_picture_once_and_the_last_is_filled_up(count, size):
    pictures = Pictures(
        np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8), np.arange(count), ()
    )
    found = list(batches(pictures, size, seed=5, epoch=0))
    assert all(images.shape == (size, 2, 2, 3) and truth.shape == (size, 1) for images, truth in found)
    order = np.concatenate([truth[:, 0] for _, truth in found])
    assert sorted(order[:count]) == list(range(count))
    assert order[count:].tolist() == np.resize(order[:count], order.size)[count:].tolist()
    np.testing.assert_array_equal(np.concatenate([images for images, _ in found])[:, 0, 0, 0], order)


def test_the_order_depends_on_seed_and_epoch_only():
    pictures = Pictures(drawn_pictures(20), np.arange(20), ())

    def order(seed, epoch):
        np.random.default_rng(99).random()
        return [int(label) for _, truth in batches(pictures, 5, seed, epoch) for label in truth[:, 0]]

    assert order(1, 0) == order(1, 0)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


@pytest.mark.parametrize(("balance", "shares"), [(1.0, (1, 1, 1)), (0.5, (9, 3, 1))])
def test_balance_gives_every_label_its_share_and_every_picture_its_turns(balance, shares):
    truth = np.repeat([0, 1, 2], [81, 9, 1])
    pictures = Pictures(np.arange(91, dtype=np.uint8)[:, None, None], truth, ())
    seen = np.zeros(91)
    for epoch in range(200):
        found = list(batches(pictures, 7, 3, epoch, balance))
        assert [len(t) for _, t in found] == [7] * 13
        order = np.concatenate([images for images, _ in found])[:, 0, 0, 0]
        seen += np.bincount(order, minlength=91)
    due = 91 * np.array(shares) / sum(shares)
    np.testing.assert_allclose(np.bincount(truth, seen) / 200, due, rtol=0.03)
    np.testing.assert_allclose(seen[:81] / 200, due[0] / 81, atol=0.15)


def test_a_mere_shift_is_of_whole_pixels_and_blurs_nothing():
    images = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)
    plain = augment(tf.constant(images), Augment(flip=False), 16, 16, SEED).numpy()
    moved = augment(tf.constant(images), Augment(flip=False, shift=0.15), 16, 16, SEED).numpy()
    places = []
    for before, after in zip(plain, moved, strict=True):
        middle = after[4:12, 4:12]
        found = [(y, x) for y in range(9) for x in range(9) if np.array_equal(before[y : y + 8, x : x + 8], middle)]
        assert len(found) == 1
        places += found
    assert len(set(places)) > 4
    assert {abs(y - 4) for y, _ in places} | {abs(x - 4) for _, x in places} <= {0, 1, 2}


def test_blur_softens_some_pictures_sharpens_others_and_keeps_the_mean():
    images = np.random.default_rng(1).integers(90, 166, (40, 16, 16, 3), np.uint8)
    plain = augment(tf.constant(images), Augment(flip=False), 16, 16, SEED).numpy()
    found = augment(tf.constant(images), Augment(flip=False, blur=1.0), 16, 16, SEED).numpy()
    contrast = found.std(axis=(1, 2, 3)) / plain.std(axis=(1, 2, 3))
    assert contrast.min() < 0.5
    assert 1.1 < contrast.max() < 1.6
    assert (contrast < 1.0).sum() > (contrast > 1.0).sum() > 5
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), plain.mean(axis=(1, 2, 3)), atol=0.02)


def test_the_plan_that_changes_nothing_changes_nothing():
    images = drawn_pictures(6)
    images[0, 0, :2] = ((0, 128, 255), (255, 0, 1))
    found = augment(tf.constant(images), Augment(flip=False), 16, 16, SEED).numpy()
    np.testing.assert_array_equal(found, (images.astype(np.float64) - 128.0) / 128.0)
    np.testing.assert_array_equal(found, normalise(tf.constant(images)).numpy())


def test_a_mirrored_picture_is_exactly_the_mirror():
    images = drawn_pictures(16)
    found = augment(tf.constant(images), Augment(), 16, 16, SEED).numpy() * 128 + 128
    mirrored = [bool((one == image[:, ::-1]).all()) for one, image in zip(found, images, strict=True)]
    plain = [bool((one == image).all()) for one, image in zip(found, images, strict=True)]
    assert all(a != b for a, b in zip(mirrored, plain, strict=True))
    assert 2 <= sum(mirrored) <= 14


def test_augmentation_follows_its_seed_and_stays_in_range():
    images = tf.constant(drawn_pictures(8))

    def changed(a, b, plan=STRONG):
        return augment(images, plan, 12, 20, tf.constant([a, b], tf.int32)).numpy()

    first = changed(1, 2)
    assert first.shape == (8, 12, 20, 3)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, changed(1, 2))
    assert all(np.abs(first - changed(*other)).mean() > 0.05 for other in ((2, 1), (1, 3), (0, 2)))
    for seed in range(5):
        found = changed(seed, 0)
        assert found.min() >= -1.0
        assert found.max() <= 127 / 128
    assert (found == 127 / 128).any()
    assert (found == -1.0).any()


@pytest.mark.parametrize(
    "plan",
    [{"rotate": 20.0}, {"scale": 0.5}, {"aspect": 1.5}, {"shift": 0.2}, {"brightness": 0.3}, {"contrast": 0.5},
     {"saturation": 0.5}, {"cast": 0.3}, {"erase": 1.0}],
    ids=lambda plan: next(iter(plan)),
)  # fmt: skip
def test_every_number_of_the_plan_does_something(plan):
    images = tf.constant(drawn_pictures(4))
    plain = normalise(images).numpy()
    found = augment(images, Augment(flip=False, **plan), 16, 16, SEED).numpy()
    assert np.isfinite(found).all()
    assert (np.abs(found - plain).reshape(4, -1).max(axis=1) > 0.01).all()


def test_a_larger_picture_is_brought_to_the_networks_size():
    """Kept a little larger than the input, and with nothing to change, the picture still fills the frame."""
    ramp = np.broadcast_to(np.linspace(0, 255, 28, dtype=np.uint8)[None, None, :, None], (1, 28, 28, 3)).copy()
    found = augment(tf.constant(ramp), Augment(flip=False), 24, 24, SEED).numpy()[0, 12, :, 0] * 128 + 128
    centres = (np.arange(24) + 0.5) * 28 / 24 - 0.5
    np.testing.assert_allclose(found, np.interp(centres, np.arange(28), ramp[0, 0, :, 0]), atol=0.6)


def test_erasing_puts_one_even_patch_of_2_to_20_percent():
    images = np.zeros((64, 32, 32, 3), np.uint8)
    found = augment(tf.constant(images), Augment(flip=False, erase=1.0), 32, 32, SEED).numpy()
    patched = (found != -1.0).all(axis=-1)
    assert patched.reshape(64, -1).mean(axis=1).max() <= 0.25
    assert (patched.reshape(64, -1).any(axis=1)).mean() > 0.9
    for one, where in zip(found, patched, strict=True):
        assert len(np.unique(one[where])) <= 1
    half = augment(tf.constant(images), Augment(flip=False, erase=0.5), 32, 32, SEED).numpy()
    assert 0.25 < (half != -1.0).reshape(64, -1).any(axis=1).mean() < 0.75


def test_mixup_blends_pictures_and_targets_alike():
    images = normalise(tf.constant(drawn_pictures(4)))
    targets = tf.one_hot([0, 1, 2, 0], 3)
    shares = []
    for seed in range(20):
        blended, blend = (x.numpy() for x in mix(images, targets, 0.4, tf.constant([seed, 7], tf.int32)))
        np.testing.assert_allclose(blend.sum(axis=1), 1.0, atol=1e-6)
        share = blend[1, 1]
        np.testing.assert_allclose(blend[1], [0.0, share, 1.0 - share], atol=1e-6)
        np.testing.assert_allclose(blended[1], share * images[1] + (1 - share) * images[2], atol=1e-5)
        shares.append(share)
    assert min(shares) < 0.2 < 0.8 < max(shares)
