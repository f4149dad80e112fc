"""Makes docs/app.png, the README's picture of the app: `python -m docs.app_picture`, with the extra `app`.

Four screens of the screenshot tour, with the drawn garments of examples/ in the camera.
"""

import os
import shutil
import tempfile
from pathlib import Path

from PIL import Image

from mobile_app.environment import prepare

SIZE, CELL, GAP = (800, 480), (500, 300), 10
SCREENS = ("dark/live", "dark/correct", "light/history", "light/scan")
FLOOR = (128, 136, 140)
GARMENTS = ("hoodie-grey", "pants-blue", "shirt-blue-checked")
"""Of examples/, in the order in which the camera sees them; the tour calls the last one blue."""


def main() -> None:
    """Walks through the app in a hidden window, lays four pictures side by side."""
    os.environ.setdefault("SDL_VIDEODRIVER", "offscreen")
    sheet = Image.new("RGB", tuple(2 * side + GAP for side in CELL), FLOOR)
    with tempfile.TemporaryDirectory() as scratch:
        prepare(Path(scratch), (1920, 1920))
        from mobile_app.tour import run_tour

        out, garments = Path(scratch) / "tour", Path(scratch) / "garments"
        garments.mkdir()
        for number, name in enumerate(GARMENTS):
            shutil.copy(f"examples/{name}.jpg", garments / f"{number}.jpg")
        run_tour(out, f"folder:{garments}", None, (SIZE,), ("dark", "light"))
        for number, screen in enumerate(SCREENS):
            with Image.open(out / f"{SIZE[0]}x{SIZE[1]}" / f"{screen}.png") as picture:
                row, column = divmod(number, 2)
                place = (column * (CELL[0] + GAP), row * (CELL[1] + GAP))
                sheet.paste(picture.convert("RGB").resize(CELL, Image.Resampling.LANCZOS), place)
    sheet.quantize(256).save("docs/app.png", optimize=True)


if __name__ == "__main__":
    main()
