"""Every text on the screen exists in every language, and what reads the catalogues."""

import gettext
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgefashion.errors import UsageError
from mobile_app.languages.language import FOLDER, LANGUAGES, Language, preferred_language
from mobile_app.languages.messages import FIELDS, marked_messages, taxonomy_names

pofile = pytest.importorskip("babel.messages.pofile", reason="needs babel: pip install -e '.[dev]'")
APP = FOLDER.parent
TRANSLATED = [code for code in LANGUAGES if code != "en"]


def placeholders(text: str) -> list[str]:
    return sorted(name or "" for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def forms(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (str(value),)


def problems(code: str, app: Path, folder: Path = FOLDER) -> list[str]:
    """What a catalogue lacks or has wrong, one line each."""
    with (folder / f"{code}.po").open("rb") as stream:
        catalogue = pofile.read_po(stream, locale=code)
    wanted: list[str | tuple[str, str]] = [*taxonomy_names(), *marked_messages(app)]
    found = []
    for message in wanted:
        entry = catalogue.get(message)
        if entry is None or not all(forms(entry.string)):
            found.append(f"{message!r} is missing")
        elif entry.fuzzy:
            found.append(f"{message!r} is marked as doubtful")
        else:
            # The form for one may leave the number out, so the form for many is what all forms are held to.
            source = placeholders(forms(message)[-1])
            for text in forms(entry.string):
                if placeholders(text) != source:
                    found.append(f"{message!r} has other placeholders in {text!r}")
                if text != text.strip() or "\n" in text:
                    found.append(f"{message!r} has blanks around it")
    return found


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_message_is_in_every_language(code: str) -> None:
    assert problems(code, APP) == []


def test_what_is_missing_or_wrong_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text(
        'title = f"{tr(\'Brand new\')}: {n}"\nlabel = tr("Hello {name}")\n'
        'count = trn("a hat", "{n} hats", n)\nother = tr(word)\n'
    )
    assert set(marked_messages(tmp_path)) == {"Brand new", "Hello {name}", ("a hat", "{n} hats")}
    (tmp_path / "de.po").write_bytes(
        (FOLDER / "de.po").read_bytes()
        + b'msgid "Hello {name}"\nmsgstr "Hallo {nam}"\n\nmsgid "a hat"\nmsgid_plural "{n} hats"\nmsgstr[0] "{n} Hut"\n'
        + b'msgstr[1] ""\n'
    )
    told = problems("de", tmp_path, tmp_path)
    assert len(told) == 3
    assert "'Brand new' is missing" in told
    assert "('a hat', '{n} hats') is missing" in told
    assert "'Hello {name}' has other placeholders in 'Hallo {nam}'" in told


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_compiled_catalogue_says_what_the_edited_one_says(code: str) -> None:
    with (FOLDER / f"{code}.po").open("rb") as stream:
        edited = {entry.id: entry.string for entry in pofile.read_po(stream, locale=code) if entry.id}
    with (FOLDER / f"{code}.mo").open("rb") as stream:
        compiled = gettext.GNUTranslations(stream)
    assert {message: compiled.gettext(message) for message in edited} == edited, "run mobile_app.languages.catalogues"
    language = Language.open(code)
    assert all(language.text(message) == text for message, text in edited.items() if isinstance(message, str))


def test_garments_have_names() -> None:
    assert [Language.open(code).text("dress") for code in LANGUAGES] == [
        "dress", "Kleid", "robe", "vestido", "váy liền", "ชุดเดรส"
    ]  # fmt: skip
    assert Language.open("en").text("longsleeve") == "long-sleeved shirt"


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_values_of_a_field_differ_from_each_other(code: str) -> None:
    """Two choices with one name could not be told apart; shoes are a category and its only type, hats too."""
    from edgefashion.taxonomy import Taxonomy

    language = Language.open(code)
    for names in (Taxonomy.load("garment").types, FIELDS, LANGUAGES):
        assert len({language.text(name) for name in names}) == len(names)


def test_what_no_catalogue_has_stays_as_it_is() -> None:
    language = Language.open("de")
    assert language.text("our own label") == "our own label"
    assert language.text("") == "", "gettext would give the catalogue's header"
    assert language.plural("a hat", "{n} hats", 1) == "a hat"
    assert language.plural("a hat", "{n} hats", 3) == "3 hats"


@pytest.mark.parametrize("code", LANGUAGES)
def test_plurals_follow_the_language(code: str) -> None:
    with (FOLDER / f"{code}.mo").open("rb") as stream:
        plural = gettext.GNUTranslations(stream).plural  # type: ignore[attr-defined]
    expected = {"vi": [0, 0, 0, 0], "th": [0, 0, 0, 0], "fr": [0, 0, 1, 1]}.get(code, [1, 0, 1, 1])
    assert [int(plural(number)) for number in (0, 1, 2, 5)] == expected


def test_an_unknown_language_is_refused() -> None:
    for wrong in ("xx", "", "../de", "DE"):
        with pytest.raises(UsageError, match=r"Unknown language .* Known: en, de, fr, es, vi, th"):
            Language.open(wrong)


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        (["de_AT.UTF-8"], "de"),
        (["", "C.UTF-8", "th"], "th"),
        (["nl:fr_CA:de"], "fr"),
        (["ES-419"], "es"),
        (["nl"], "en"),
        ([], "en"),
    ],
)
def test_the_language_follows_the_system(wishes: list[str], code: str) -> None:
    assert preferred_language(wishes) == code


@given(st.lists(st.text(max_size=12)))
def test_any_wish_gives_a_language(wishes: list[str]) -> None:
    assert preferred_language(wishes) in LANGUAGES
