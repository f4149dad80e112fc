"""The one preparation: upright, RGB, one resize rule; the same for path, bytes, PIL image and array."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from edgefashion.errors import ImageError
from edgefashion.runtime.image import DRAFT_MARGIN, RESIZE_RULES, picture_size, prepare, upright


def quarters(height: int = 40, width: int = 60) -> np.ndarray:
    """A picture whose four quarters are red, green, blue and white."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = (200, 0, 0)
    picture[: height // 2, width // 2 :] = (0, 200, 0)
    picture[height // 2 :, : width // 2] = (0, 0, 200)
    picture[height // 2 :, width // 2 :] = (240, 240, 240)
    return picture


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def test_path_bytes_image_and_array_give_the_same(tmp_path: Path) -> None:
    picture = quarters()
    content = encode(Image.fromarray(picture), "PNG")
    path = tmp_path / "p.png"
    path.write_bytes(content)
    expected = prepare(picture, 24, 32)
    assert expected.shape == (24, 32, 3)
    assert expected.dtype == np.uint8
    for source in (path, str(path), content, bytearray(content), memoryview(content), Image.open(path)):
        np.testing.assert_array_equal(prepare(source, 24, 32), expected)


def test_stretch_is_pillows_antialiased_bilinear() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (97, 131, 3), np.uint8)
    expected = np.asarray(Image.fromarray(picture).resize((32, 24), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(prepare(picture, 24, 32), expected)


def test_a_picture_of_the_right_size_is_copied_unchanged() -> None:
    picture = quarters()
    result = prepare(picture, 40, 60)
    np.testing.assert_array_equal(result, picture)
    result[:] = 0
    assert picture.any()


def test_pad_keeps_the_aspect_ratio_on_white() -> None:
    result = prepare(np.zeros((20, 40, 3), np.uint8), 40, 40, "pad")
    assert (result[:10] == 255).all()
    assert (result[30:] == 255).all()
    assert (result[10:30] == 0).all()
    thin = prepare(np.zeros((1, 5000, 3), np.uint8), 16, 16, "pad")
    assert (thin == 0).all(axis=2).any(axis=1).sum() == 1


def test_crop_takes_the_centre() -> None:
    picture = np.zeros((20, 60, 3), np.uint8)
    picture[:, 20:40] = 250
    assert (prepare(picture, 20, 20, "crop") == 250).all()
    upright = np.ascontiguousarray(picture.transpose(1, 0, 2))
    assert (prepare(upright, 20, 20, "crop") == 250).all()


def test_an_unknown_rule_lists_the_known_ones() -> None:
    with pytest.raises(ImageError, match="stretch, pad, crop"):
        prepare(quarters(), 8, 8, "squeeze")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_exif_orientation_gives_the_upright_picture(orientation: int, kind: str) -> None:
    upright = Image.fromarray(quarters())
    turns = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turn = turns[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    result = prepare(encode(stored, kind, exif=exif, **options), 40, 60)
    assert np.abs(result.astype(int) - quarters()).max() <= (12 if kind == "JPEG" else 0)


def test_a_sideways_jpeg_is_not_shrunk_too_far() -> None:
    """The reduced-size mode must reckon with the turned sides: 80 × 800 stored is 800 × 80 upright."""
    stripes = np.zeros((80, 800, 3), np.uint8)
    stripes[:, ::2] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encode(Image.fromarray(stripes), "JPEG", quality=100, subsampling=0, exif=exif)
    plain = np.asarray(Image.open(io.BytesIO(content)).transpose(Image.Transpose.ROTATE_270).convert("RGB"))
    np.testing.assert_array_equal(prepare(content, 400, 40), prepare(plain, 400, 40))


def test_large_jpegs_are_decoded_small_and_stay_close_to_the_full_decode() -> None:
    picture = Image.effect_noise((80, 60), 90).resize((1600, 1200), Image.Resampling.BICUBIC).convert("RGB")
    content = encode(picture, "JPEG", quality=92)
    opened = Image.open(io.BytesIO(content))
    full = prepare(np.asarray(opened.convert("RGB")), 96, 96)
    small = prepare(content, 96, 96)
    assert (small != full).any(), "the reduced-size mode was not used"
    assert np.abs(small.astype(int) - full).mean() < 1.0
    np.testing.assert_array_equal(small, prepare(content, 96, 96))
    assert DRAFT_MARGIN >= 2


def test_a_jpeg_that_is_not_much_larger_is_decoded_in_full() -> None:
    content = encode(Image.fromarray(quarters(150, 150)), "JPEG")
    full = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    np.testing.assert_array_equal(prepare(content, 96, 96), prepare(full, 96, 96))


class TestModes:
    def test_transparent_parts_lie_on_white(self) -> None:
        rgba = np.zeros((10, 10, 4), np.uint8)
        rgba[:5] = (255, 0, 0, 255)
        rgba[5:] = (0, 0, 0, 0)
        for source in (Image.fromarray(rgba), encode(Image.fromarray(rgba), "PNG")):
            result = prepare(source, 10, 10)
            assert (result[:5] == (255, 0, 0)).all()
            assert (result[5:] == 255).all()

    def test_half_transparent_parts_are_mixed(self) -> None:
        picture = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
        assert abs(int(prepare(picture, 4, 4)[0, 0, 0]) - 127) <= 1

    def test_grey_with_alpha_and_palettes_with_a_transparent_entry(self) -> None:
        assert (prepare(Image.new("LA", (4, 4), (10, 0)), 4, 4) == 255).all()
        palette = Image.new("P", (4, 4), 1)
        palette.putpalette([0, 0, 0, 9, 8, 7])
        assert (prepare(palette, 4, 4) == (9, 8, 7)).all()
        assert (prepare(encode(palette, "PNG", transparency=1), 4, 4) == 255).all()

    def test_grey_and_black_and_white(self) -> None:
        assert (prepare(Image.new("L", (4, 4), 77), 4, 4) == 77).all()
        assert (prepare(np.full((4, 4), 77, np.uint8), 4, 4) == 77).all()
        assert (prepare(Image.new("1", (4, 4), 1), 4, 4) == 255).all()

    @pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
    def test_sixteen_bit_grey_is_scaled_not_clipped(self, kind: str) -> None:
        values = np.array([[0, 257, 32896, 65535]], np.uint16)
        result = prepare(encode(Image.fromarray(values), kind), 1, 4)
        assert result[0, :, 0].tolist() == [0, 1, 128, 255]

    def test_cmyk_jpeg(self) -> None:
        content = encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")
        red, green, blue = (int(value) for value in prepare(content, 8, 8)[4, 4])
        assert red > 200
        assert max(green, blue) < 60

    def test_animated_pictures_give_the_first_frame(self) -> None:
        frames = [Image.new("RGB", (8, 8), colour) for colour in ((200, 0, 0), (0, 200, 0))]
        for kind in ("GIF", "PNG", "WEBP"):
            options = {"lossless": True} if kind == "WEBP" else {}
            content = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
            assert (prepare(content, 8, 8)[0, 0] == (200, 0, 0)).all(), kind

    def test_floating_point_pictures_are_refused(self) -> None:
        with pytest.raises(ImageError, match="floating-point"):
            prepare(Image.new("F", (4, 4), 0.5), 4, 4)

    def test_the_callers_picture_is_not_changed(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        picture = Image.open(io.BytesIO(encode(Image.fromarray(quarters(400, 600)), "JPEG", exif=exif)))
        prepare(picture, 8, 8)
        assert picture.size == (600, 400)
        assert picture.getexif()[0x0112] == 6


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4,), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((2, 4, 4, 3), np.uint8),
    ],
)
def test_arrays_of_another_shape_or_type_are_refused(array: np.ndarray) -> None:
    with pytest.raises(ImageError, match="Received"):
        prepare(array, 8, 8)


def test_a_slice_of_a_larger_array_is_fine() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (20, 20, 3), np.uint8)
    np.testing.assert_array_equal(prepare(picture[::2, ::-2], 10, 10), picture[::2, ::-2])


@pytest.mark.parametrize("source", [None, 3, [1, 2], {"a": 1}])
def test_what_is_no_picture_at_all_is_refused(source: object) -> None:
    with pytest.raises(ImageError, match="Received"):
        prepare(source, 8, 8)


@settings(deadline=None, max_examples=60)
@example(height=21, width=2, target=(19, 1), rule="crop", grey=0)  # the box began a rounding error above the picture
@given(
    height=st.integers(1, 50),
    width=st.integers(1, 50),
    target=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    rule=st.sampled_from(RESIZE_RULES),
    grey=st.integers(0, 254),
)
def test_any_size_and_rule_gives_the_shape_asked_for_and_keeps_a_flat_colour(
    height: int, width: int, target: tuple[int, int], rule: str, grey: int
) -> None:
    result = prepare(np.full((height, width, 3), grey, np.uint8), *target, rule)
    assert result.shape == (*target, 3)
    colours = set(np.unique(result).tolist())
    assert colours <= ({grey, 255} if rule == "pad" else {grey})
    assert grey in colours


def test_the_size_is_the_upright_one_of_whatever_prepare_takes(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 10)).save(tmp_path / "turned.jpg", exif=exif)
    Image.new("RGB", (40, 10)).save(tmp_path / "plain.png")
    assert picture_size(tmp_path / "turned.jpg") == (40, 10)
    assert picture_size(tmp_path / "plain.png") == (10, 40)
    assert picture_size((tmp_path / "plain.png").read_bytes()) == (10, 40)
    assert picture_size(Image.new("L", (3, 2))) == (2, 3)
    assert picture_size(np.zeros((5, 6), np.uint8)) == (5, 6)
    for bad in (b"junk", tmp_path / "gone.png", np.zeros((5, 6), np.float32), b"\x89PNG\r\n\x1a\n cut"):
        with pytest.raises(ImageError):
            picture_size(bad)


def test_upright_keeps_the_aspect_ratio_and_never_enlarges(tmp_path: Path) -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 90, 3), dtype=np.uint8))
    picture.save(tmp_path / "a.png")
    assert upright(tmp_path / "a.png", 45).shape == (20, 45, 3)
    np.testing.assert_array_equal(upright(tmp_path / "a.png", 200), np.array(picture))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    assert upright(tmp_path / "turned.jpg", 640).shape == (90, 40, 3)
    with pytest.raises(ImageError, match="not a picture of a known format"):
        upright(b"hello", 100)
