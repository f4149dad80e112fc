"""Android's own screens for files: our Java class and its caller, with stand-ins in a real Java machine."""

import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edgefashion.errors import EdgeFashionError, ImageError
from edgefashion.runtime.image import picture_size, upright
from tests.camera.test_sources import wait_for


@pytest.fixture
def phone(java: Callable[[str], Any], tmp_path: Path) -> Iterator[Any]:
    """The stand-in phone, whose person chooses what `choices` says; nothing of ours may stay behind in it."""
    pytest.importorskip("edgefashion_app")
    cache = tmp_path / "cache"
    cache.mkdir()
    java("java.lang.System").setProperty("stub.cache", str(cache))
    activity = java("org.kivy.android.PythonActivity")
    activity.choices.clear()
    activity.screens.clear()
    yield activity
    wait_for(lambda: activity.mActivity.listeners() == 0)
    assert not list(cache.iterdir())


def ask(method: Callable[..., Any], *arguments: Any) -> Any:
    """Call it as the app does, in a thread of its own that must not stay attached to Java."""
    results: list[Any] = []

    def work() -> None:
        try:
            results.append(method(*arguments))
        except EdgeFashionError as error:
            results.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert results, "no answer"
    return results[0]


def dialogs() -> Any:
    from edgefashion_app.android_files import FileDialogs

    return FileDialogs()


def test_the_chosen_picture_comes_as_it_is(phone: Any, tmp_path: Path, java: Callable[[str], Any]) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "a.jpg").write_bytes(content)
    (tmp_path / "empty.jpg").touch()
    phone.choices.add(f"content://files{tmp_path}/a.jpg")
    assert ask(dialogs().picture) == content
    assert phone.screens.poll() == "GET_CONTENT image/* -"
    attached = java("java.lang.Thread").activeCount()
    phone.choices.add(f"content://files{tmp_path}/empty.jpg")
    assert ask(dialogs().picture) == b""
    wait_for(lambda: java("java.lang.Thread").activeCount() <= attached, 5)


def test_a_picture_of_the_largest_size_and_one_byte_more(
    phone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgefashion_app import android_files

    monkeypatch.setattr(android_files, "MOST_BYTES", 100_000)
    for size in (100_000, 100_001):
        (tmp_path / "a.jpg").write_bytes(b"x" * size)
        phone.choices.add(f"content://files{tmp_path}/a.jpg")
        answer = ask(dialogs().picture)
        if size == 100_000:
            assert len(answer) == size
        else:
            assert isinstance(answer, ImageError)
            assert "larger than 100000 bytes" in str(answer)


def for_android_only(path: Path, size: tuple[int, int]) -> Path:
    """A picture that stands in for a WebP, which Pillow can't read and the stand-in for Android can."""
    picture = Image.new("RGB", size, (220, 30, 30))
    picture.paste((40, 60, 220), (0, size[1] // 2, size[0], size[1]))
    content = BytesIO()
    picture.save(content, "PNG")
    path.write_bytes(b"RIFF\0\0\0\0WEBP" + content.getvalue())
    return path


@pytest.fixture(params=[24, 27, 28, 35])
def level(request: pytest.FixtureRequest, java: Callable[[str], Any]) -> Iterator[None]:
    """Android of this API level: 28 is Android 9."""
    version = java("android.os.Build$VERSION")
    newest, version.SDK_INT = version.SDK_INT, request.param
    yield
    version.SDK_INT = newest


@pytest.mark.usefixtures("level")
def test_android_reads_what_pillow_can_not(phone: Any, tmp_path: Path, java: Callable[[str], Any]) -> None:
    bitmap = java("android.graphics.Bitmap")
    for size, read in (((64, 48), (48, 64)), ((3839, 100), (100, 3839)), ((100, 8000), (2000, 25))):
        webp = for_android_only(tmp_path / "a.webp", size)
        with pytest.raises(ImageError):
            picture_size(webp)
        phone.choices.add(f"content://files{webp}")
        content = ask(dialogs().picture)
        assert picture_size(content) == read
        pixels = upright(content, 4000)
        assert pixels[0, 0].tolist() == [220, 30, 30]
        assert pixels[-1, -1].tolist() == [40, 60, 220]
        assert bitmap.inUse == 0, "its memory is given back"


@pytest.mark.usefixtures("level")
def test_what_android_can_not_read_either_comes_as_it_is(
    phone: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgefashion_app import android_files

    damaged = tmp_path / "damaged.webp"
    damaged.write_bytes(b"RIFF\0\0\0\0WEBP and no more")
    phone.choices.add(f"content://files{damaged}")
    assert ask(dialogs().picture) == damaged.read_bytes()
    monkeypatch.setattr(android_files, "MAX_PIXELS", 64 * 48 - 1)
    large = for_android_only(tmp_path / "large.webp", (64, 48))
    phone.choices.add(f"content://files{large}")
    assert ask(dialogs().picture) == large.read_bytes()


def test_a_pillow_without_webp_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As python-for-android builds it: this is how the app notices."""
    module = pytest.importorskip("PIL.WebPImagePlugin")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.webp")
    assert picture_size(tmp_path / "a.webp") == (8, 8)
    monkeypatch.delattr(module, "_webp")
    monkeypatch.setattr(module, "SUPPORTED", False)
    with pytest.raises(ImageError):
        picture_size(tmp_path / "a.webp")


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ("content://gone/a.jpg", "No such file"),
        ("content://crashed/a.jpg", "does not answer"),
        ("content://torn/a.jpg", "the connection was closed"),
        ("content://endless/a.jpg", "larger than 104857600 bytes"),
        ("nothing", "No Activity found"),
    ],
)
def test_why_a_picture_is_not_read(phone: Any, choice: str, reason: str) -> None:
    phone.choices.add(choice)
    answer = ask(dialogs().picture)
    assert isinstance(answer, ImageError)
    assert str(answer).startswith("The picture can't be read: ")
    assert reason in str(answer)
    assert "\n" not in str(answer)


def test_going_back_is_no_choice_and_no_error(phone: Any, tmp_path: Path) -> None:
    phone.choices.add("back")
    assert ask(dialogs().picture) is None
    phone.choices.add("back")
    assert ask(dialogs().keep, tmp_path / "scans.csv") is False


def test_two_screens_at_once_get_their_own_answers(phone: Any, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    answers: list[Any] = []
    dialog = dialogs()
    for _ in range(2):
        threading.Thread(target=lambda: answers.append(dialog.picture()), daemon=True).start()
    wait_for(lambda: phone.screens.size() == 2)
    phone.choices.add("back")
    wait_for(lambda: answers == [None])
    phone.choices.add(f"content://files{tmp_path}/a.jpg")
    wait_for(lambda: answers == [None, b"a"])


def test_a_file_is_kept_where_the_person_wants_it(phone: Any, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for name, kind in (("scans-1.csv", "text/csv"), ("scans-1.json", "application/json")):
        content = f"{name} ü ".encode() * 30_000
        (tmp_path / name).write_bytes(content)
        kept.write_bytes(b"longer " * 100_000)
        phone.choices.add(f"content://files{kept}")
        assert ask(dialogs().keep, tmp_path / name) is True
        assert kept.read_bytes() == content
        assert phone.screens.poll() == f"CREATE_DOCUMENT {kind} {name}"
        assert (tmp_path / name).exists()


def test_of_a_file_that_does_not_fit_nothing_stays(phone: Any, tmp_path: Path) -> None:
    (tmp_path / "scans.csv").write_bytes(b"content")
    phone.choices.add(f"content://full{tmp_path}/kept.csv")
    answer = ask(dialogs().keep, tmp_path / "scans.csv")
    assert isinstance(answer, EdgeFashionError)
    assert str(answer) == "scans.csv can't be written there: No space left on device."
    assert not (tmp_path / "kept.csv").exists()
    phone.choices.add("nothing")
    assert "No Activity found" in str(ask(dialogs().keep, tmp_path / "scans.csv"))
