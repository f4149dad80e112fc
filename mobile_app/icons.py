"""The icons by what they mean: Material Design Icons 7.4.47 (Apache-2.0), cut down by make_fonts.py."""

ICONS: dict[str, int] = {
    # Meaning → code point in the icon font.
    "add": 0xF0415,
    "back": 0xF004D,
    "check": 0xF012C,
    "code": 0xF0071,
    "delete": 0xF01B4,
    "export": 0xF0B8F,
    "fix": 0xF03EB,
    "freeze": 0xF03E4,
    "garment": 0xF02C8,
    "health": 0xF05F6,
    "history": 0xF02DA,
    "next": 0xF0142,
    "picture": 0xF02E9,
    "qr": 0xF0432,
    "remove": 0xF0374,
    "resume": 0xF040A,
    "search": 0xF0349,
    "settings": 0xF0493,
    "stock": 0xF03D6,
    "undo": 0xF054C,
    "unsure": 0xF02D7,
}


def icon(name: str) -> str:
    """Return the character that shows an icon in the font "icons".

    Raises:
        KeyError: No such icon; they are listed in `ICONS`.
    """
    return chr(ICONS[name])
