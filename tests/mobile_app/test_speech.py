"""The spoken answer: never waits, never repeats itself, and says why nothing is heard."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgefashion.store.store import Store


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_only_the_newest_waits_and_nothing_is_said_twice_in_a_row() -> None:
    from edgefashion_app.speech import Speaker

    said: list[tuple[str, str]] = []
    go = threading.Event()

    def voice(text: str, language: str) -> None:
        said.append((text, language))
        go.wait(20)

    speaker = Speaker(voice)
    speaker.say("hat", "en")
    until(lambda: said)
    began = time.monotonic()
    for text in ("shoes", "dress", "dress"):
        speaker.say(text, "de")
    assert time.monotonic() - began < 5, "it must not wait for the voice"
    go.set()
    until(lambda: len(said) == 2)
    speaker.say("dress", "de")
    speaker.close()
    time.sleep(0.05)
    assert said == [("hat", "en"), ("dress", "de")]


def test_a_voice_that_fails_is_told_and_survived() -> None:
    from edgefashion_app.speech import Speaker

    said: list[str] = []
    tried = 0

    def voice(text: str, _language: str) -> None:
        nonlocal tried
        tried += 1
        if text.startswith("hat"):
            raise OSError("no sound card")
        said.append(text)

    told: list[str] = []
    speaker = Speaker(voice, "", told.append)
    for number, text in enumerate(("hat", "hats", "hat"), start=1):
        speaker.say(text, "en")
        until(lambda number=number: tried == number)  # type: ignore[misc]
    until(lambda: "no sound card" in speaker.problem)
    speaker.say("shoes", "en")
    until(lambda: said == ["shoes"])
    until(lambda: speaker.problem == "")
    speaker.close()
    assert told == ["No voice: no sound card"], "once, not with every word"


def test_the_program_reads_the_text_from_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgefashion_app import speech

    monkeypatch.setenv("PATH", str(tmp_path))
    assert speech.find_voice() == (None, "No voice: install espeak-ng.")
    program = tmp_path / "espeak-ng"
    program.write_text(f'#!/bin/sh\nread -r text; echo "$* <$text>" > {tmp_path}/said\n')
    program.chmod(0o755)
    voice, problem = speech.find_voice()
    assert problem == ""
    assert voice is not None
    voice("--version; rm x", "de")
    assert (tmp_path / "said").read_text() == "-v de --stdin <--version; rm x>\n"


def test_the_app_speaks_a_changed_answer_only_if_it_is_told_to(
    drive: Callable[..., Any], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgefashion_app import app

    said: list[tuple[str, str]] = []
    monkeypatch.setattr(app, "find_voice", lambda: (lambda text, code: said.append((text, code)), ""))
    driver = drive()
    driver.answered()
    driver.frames(10)
    assert said == []
    store.set_setting("speech", True)
    driver.app.use_speech()
    driver.app.session.resume()
    driver.answered()
    driver.until(lambda: said, "a word")
    driver.frames(20)
    assert len(said) == 1
    assert said[0][1] == "en"
    monkeypatch.setattr(app, "find_voice", lambda: (None, "No voice: install espeak-ng."))
    driver.app.use_speech()
    assert driver.app.messages.text == "No voice: install espeak-ng."


def test_why_nothing_is_heard_is_said_on_the_screen(
    drive: Callable[..., Any], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgefashion_app import app

    def voice(_text: str, _language: str) -> None:
        raise OSError("no sound card")

    monkeypatch.setattr(app, "find_voice", lambda: (voice, ""))
    store.set_setting("speech", True)
    driver = drive()
    driver.until(lambda: driver.app.messages.text == "No voice: no sound card", "the reason")
    assert driver.app.last_problem == "No voice: no sound card"
