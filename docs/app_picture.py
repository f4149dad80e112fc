"""Makes the README's pictures of the app: `python -m docs.app_picture`, with the extra `app`.

docs/app.png: four screens; docs/app-screens.png: the others, with the live screen in every theme. They come from the
screenshot tour, with the drawn garments of examples/ in the camera.
"""

import os
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from mobile_app.environment import prepare

SIZE, CELL, GAP = (800, 480), (500, 300), 10
THEMES = ("dark", "light", "high contrast")
SHEETS = {
    "app.png": ("dark/live", "dark/correct", "light/history", "light/scan"),
    "app-screens.png": (
        "light/live", "high-contrast/live", "dark/attract", "light/correct-colour", "dark/stock", "light/settings",
        "dark/share", "high-contrast/health",
    ),
}  # fmt: skip
"""Picture → its screens, two a row."""
FLOOR = (128, 136, 140)
GARMENTS = ("hoodie-grey", "pants-blue", "shirt-blue-checked")
"""Of examples/, in the order in which the camera sees them; the tour calls the last one blue."""


def main() -> None:
    """Walks through the app in a hidden window, lays its pictures side by side."""
    os.environ.setdefault("SDL_VIDEODRIVER", "offscreen")
    os.environ["LANGUAGE"] = "en"
    docs, examples = Path("docs").resolve(), Path("examples").resolve()
    with tempfile.TemporaryDirectory() as scratch:
        prepare(Path(scratch), (1920, 1920))
        from mobile_app.tour import run_tour

        out, garments = Path(scratch) / "tour", Path(scratch) / "garments"
        garments.mkdir()
        for number, name in enumerate(GARMENTS):
            shutil.copy(examples / f"{name}.jpg", garments / f"{number}.jpg")
        os.chdir(scratch)  # the screens name the source, and no folder of this machine
        run_tour(out, "folder:garments", None, (SIZE,), THEMES)
        for name, screens in SHEETS.items():
            lay(out / f"{SIZE[0]}x{SIZE[1]}", screens).quantize(256).save(docs / name, optimize=True)


def lay(folder: Path, screens: tuple[str, ...]) -> Image.Image:
    """Returns pictures of a folder, two a row, made smaller."""
    rows = (len(screens) + 1) // 2
    sheet = Image.new("RGB", (2 * (CELL[0] + GAP) - GAP, rows * (CELL[1] + GAP) - GAP), FLOOR)
    for number, screen in enumerate(screens):
        with Image.open(folder / f"{screen}.png") as picture:
            row, column = divmod(number, 2)
            place = (column * (CELL[0] + GAP), row * (CELL[1] + GAP))
            sheet.paste(picture.convert("RGB").resize(CELL, Image.Resampling.LANCZOS), place)
    return sheet


if __name__ == "__main__":
    main()
