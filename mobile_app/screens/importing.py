"""Opening a picture: by dropping it on the window, or out of a folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..text import tr
from ..widgets import Page, Scroll, Tap, Words, column

if TYPE_CHECKING:
    from ..app import EdgeFashionApp

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif")
MOST = 100


class ImportPage(Page):
    """Folders and pictures to tap on."""

    def __init__(self, app: "EdgeFashionApp", **properties: Any) -> None:
        super().__init__(tr("Open a picture"), app.back, **properties)
        self._app = app
        self.add_widget(Words(text=tr("Drop a picture on this window, or choose one:"), role="small", tone="muted"))
        self._scroll = Scroll()
        self.add_widget(self._scroll)
        self._folder = Path(app.store.setting("pictures", "") or first_folder())
        self.refresh()

    def refresh(self) -> None:
        """List the folder: the way up, folders, pictures; newest pictures first."""
        rows = column()
        rows.add_widget(Tap(f".. {self._folder}", "back", self._opener(self._folder.parent), value="up"))
        folders, pictures = listing(self._folder)
        for folder in folders:
            rows.add_widget(Tap(folder.name, "next", self._opener(folder), value=f"folder {folder.name}"))
        for picture in pictures:
            rows.add_widget(Tap(picture.name, "picture", self._importer(picture), value=f"picture {picture.name}"))
        self._scroll.clear_widgets()
        self._scroll.add_widget(rows)
        self._scroll.scroll_y = 1

    def _opener(self, folder: Path) -> Any:
        def go() -> None:
            self._folder = folder
            self._app.attempt(lambda: self._app.store.set_setting("pictures", str(folder)))
            self.refresh()

        return go

    def _importer(self, picture: Path) -> Any:
        return lambda: self._app.files.open(picture)


def first_folder() -> Path:
    """Return where pictures usually lie."""
    pictures = Path.home() / "Pictures"
    return pictures if pictures.is_dir() else Path.home()


def listing(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return a folder's folders by name and its pictures, newest first, at most `MOST` of each; none if unreadable."""
    folders: list[Path] = []
    pictures: list[tuple[float, Path]] = []
    try:
        for entry in folder.iterdir():
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(entry)
            elif entry.suffix.lower() in ENDINGS:
                pictures.append((-entry.stat().st_mtime, entry))
    except OSError:
        return [], []
    return sorted(folders)[:MOST], [path for _, path in sorted(pictures)][:MOST]
