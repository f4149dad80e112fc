"""The phone's voice: our Java class, its caller and the app's speaker, with a stand-in for Android's text-to-speech."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.camera.test_sources import wait_for

NO_LANGUAGE = "No voice for this language: install one that works offline in Android's settings for speech."
NO_ENGINE = "No voice: Android's speech does not answer."


@pytest.fixture
def engine(java: Callable[[str], Any]) -> Iterator[Any]:
    """The stand-in engine."""
    pytest.importorskip("edgefashion_app")
    from edgefashion_app import android_speech

    android_speech._speech.cache_clear()
    found = java("android.speech.tts.TextToSpeech")
    found.engine, found.running = "fine", 0
    queue = java("java.util.concurrent.LinkedBlockingQueue")
    found.said, found.ends = queue(), queue()
    yield found
    android_speech._speech.cache_clear()


@pytest.fixture
def speaker(engine: Any) -> Iterator[Any]:
    """The app's speaker with the phone's voice; `told` is what it complained of."""
    from edgefashion_app.android_speech import AndroidVoice
    from edgefashion_app.speech import Speaker

    told: list[str] = []
    made = Speaker(AndroidVoice(), "", told.append)
    made.told = told  # type: ignore[attr-defined]
    yield made
    made.close()
    engine.ends.add("done")


def heard(engine: Any) -> Any:
    """The next thing that the engine does, as soon as it does it."""
    wait_for(engine.said.size)
    return engine.said.poll()


def test_the_phone_speaks_through_androids_engine(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from edgefashion_app.speech import find_voice

    monkeypatch.setattr(sys, "getandroidapilevel", lambda: 35, raising=False)
    voice, problem = find_voice()
    assert (type(voice).__name__, problem) == ("AndroidVoice", "")
    assert engine.running == 0, "nothing is started before something is said"


def test_text_and_language_arrive_and_only_the_newest_waits(engine: Any, speaker: Any) -> None:
    speaker.say("Hut, blau", "de")
    assert heard(engine) == "de Hut, blau"
    for text in ("shoes", "dress", "dress"):
        speaker.say(text, "en")
    assert engine.said.size() == 0, "one after the other"
    engine.ends.add("done")
    assert heard(engine) == "en dress"
    engine.ends.add("stopped")  # as by a screen reader
    speaker.say("sombrero", "es")
    assert heard(engine) == "es sombrero"
    assert (engine.running, speaker.problem, speaker.told) == (1, "", [])


@pytest.mark.parametrize("language", ["th", "fr", "vi"])
def test_a_missing_language_is_told_once(engine: Any, speaker: Any, language: str) -> None:
    """Missing; only with the network; named, but not downloaded yet."""
    speaker.say("one", language)
    wait_for(lambda: speaker.problem == NO_LANGUAGE)
    speaker.say("two", language)
    speaker.say("three", "en")
    assert heard(engine) == "en three"
    engine.ends.add("done")
    wait_for(lambda: speaker.problem == "")
    assert speaker.told == [NO_LANGUAGE]


@pytest.mark.parametrize("state", ["none", "broken", "silent"])
def test_an_engine_that_does_not_start_is_told_and_asked_again(
    engine: Any, speaker: Any, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgefashion_app import android_speech

    monkeypatch.setattr(android_speech, "LONGEST_MS", 200)
    engine.engine = state
    speaker.say("one", "en")
    wait_for(lambda: speaker.told == [NO_ENGINE])
    assert engine.running == 0, "it is let go"
    engine.engine = "fine"
    speaker.say("two", "en")
    assert heard(engine) == "en two"
    engine.ends.add("done")
    wait_for(lambda: speaker.problem == "")


def test_an_engine_that_dies_is_told_and_started_again(engine: Any, speaker: Any) -> None:
    speaker.say("one", "en")
    assert heard(engine) == "en one"
    engine.ends.add("failed")
    wait_for(lambda: speaker.told == [NO_ENGINE])
    engine.engine = "dead"
    speaker.say("two", "en")
    wait_for(lambda: engine.running == 0)
    engine.engine = "fine"
    speaker.say("three", "en")
    assert heard(engine) == "en three"


def test_a_voice_without_end_is_stopped(engine: Any, speaker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgefashion_app import android_speech

    monkeypatch.setattr(android_speech, "LONGEST_MS", 200)
    speaker.say("one", "en")
    assert heard(engine) == "en one"
    assert heard(engine) == "stopped"
    speaker.say("two", "en")
    assert heard(engine) == "en two"
