"""Android's own screens for files: a picture out of the gallery, and a place for what is exported.

Neither needs a permission, because the person chooses each file; `apk/java/…/FileDialog.java` is the Java side. What
Pillow can't read there, WebP above all, Android decodes (`Pictures.java`).
"""

from pathlib import Path
from typing import Any

from edgefashion.camera.frame import LONGEST_SIDE
from edgefashion.errors import EdgeFashionError, ImageError
from edgefashion.runtime.android import until_thread_ends
from edgefashion.runtime.image import MAX_PIXELS, picture_size

FILE_DIALOG = "org.edgefashion.files.FileDialog"
PICTURES = "org.edgefashion.files.Pictures"
MOST_BYTES = 100 * 2**20
"""Larger pictures are refused."""
TYPES = {".csv": "text/csv", ".json": "application/json"}
"""Ending of an exported file → what Android calls its kind."""


class FileDialogs:
    """Asks for files; the methods wait for the person, in a thread of their own."""

    def __init__(self) -> None:
        """Make it in the thread that started the app: JNI finds an app's classes only there."""
        from jnius import autoclass

        self._java: Any = autoclass(FILE_DIALOG)
        self._pictures: Any = autoclass(PICTURES)
        self._activity: Any = autoclass("org.kivy.android.PythonActivity").mActivity

    def picture(self) -> bytes | None:
        """Return the bytes of a picture file that the person chooses; None if they went back.

        A format that Pillow doesn't know comes as PNG, if Android knows it.

        Raises:
            ImageError: It can't be read, or is larger than `MOST_BYTES`.
        """
        until_thread_ends()
        try:
            copy = self._java.picture(self._activity, MOST_BYTES)
            if copy is None:
                return None
            try:
                return self._readable(copy)
            finally:
                Path(copy).unlink()
        except Exception as error:
            raise ImageError(f"The picture can't be read: {_reason(error)}.") from error

    def _readable(self, path: str) -> bytes:
        """The bytes of a file, or of what Android makes of it; the file's own where neither can read it."""
        content = Path(path).read_bytes()
        try:
            picture_size(content)
        except ImageError:
            png = self._pictures.png(path, LONGEST_SIDE, MAX_PIXELS)
            if png is None:
                return content  # whoever reads it tells why it can't be read
            try:
                return Path(png).read_bytes()
            finally:
                Path(png).unlink()
        return content

    def keep(self, path: Path) -> bool:
        """Copy a file to where the person wants it; False if they went back.

        Raises:
            EdgeFashionError: It can't be written there.
        """
        until_thread_ends()
        try:
            return bool(self._java.keep(self._activity, str(path), TYPES[path.suffix]))
        except Exception as error:
            raise EdgeFashionError(f"{path.name} can't be written there: {_reason(error)}.") from error


def _reason(error: Any) -> str:
    """Return what a Java exception says, in one line."""
    said = getattr(error, "innermessage", None) or getattr(error, "classname", None) or str(error)
    return " ".join(str(said).split())[:120]
