"""Makes the files in fonts/ again: an icon font of only the icons in use, and Noto Sans Thai for Thai and Latin.

Needs fonttools, and two packages unpacked by hand, since nothing here downloads:

    npm pack @mdi/font@7.4.47 @expo-google-fonts/noto-sans-thai@0.4.2
    python -m edgefashion_app.make_fonts MDI_FOLDER THAI_FOLDER

Latin, Greek, Cyrillic and Vietnamese are drawn with the Roboto that comes with Kivy.
"""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from .icons import ICONS

FONTS = Path(__file__).parent / "fonts"
ICON_SOURCE = "fonts/materialdesignicons-webfont.ttf"
THAI_SOURCES = {
    "NotoSansThai-Regular.ttf": "400Regular/NotoSansThai_400Regular.ttf",
    "NotoSansThai-Bold.ttf": "700Bold/NotoSansThai_700Bold.ttf",
}
THAI_CHARACTERS = (*range(0x20, 0x7F), *range(0xA0, 0x100), *range(0x0E01, 0x0E5C), *range(0x2010, 0x203B), 0x25CC)


def subset(source: Path, destination: Path, characters: Iterable[int]) -> None:
    """Write a font with only these characters; the layout rules that Thai vowels and tones need are kept.

    Raises:
        KeyError: The font lacks one of the icons.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(source, recalcTimestamp=False)
    subsetter = Subsetter(Options(layout_features=["*"], notdef_outline=True, hinting=False))
    subsetter.populate(unicodes=list(characters))
    subsetter.subset(font)
    for name, (advance, _) in font["hmtx"].metrics.items():  # the icons' say 0, which would draw them too far left
        font["hmtx"][name] = advance, getattr(font["glyf"][name], "xMin", 0)
    font.save(destination)


def main(mdi: Path, thai: Path) -> None:
    """Write the three fonts and their licences."""
    subset(mdi / ICON_SOURCE, FONTS / "icons.ttf", ICONS.values())
    for name, source in THAI_SOURCES.items():
        subset(thai / source, FONTS / name, THAI_CHARACTERS)
    shutil.copyfile(mdi / "LICENSE", FONTS / "LICENSE-icons.txt")
    shutil.copyfile(thai / "LICENSE_FONT", FONTS / "LICENSE-NotoSansThai.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
