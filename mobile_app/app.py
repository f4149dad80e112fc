"""The Kivy application: builds the screens, carries what they ask for to the session, and says what came of it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from kivy.app import App
from kivy.base import ExceptionManager
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.properties import ObjectProperty
from kivy.uix.floatlayout import FloatLayout

from edgefashion.camera.sources import find_camera, open_source
from edgefashion.errors import EdgeFashionError
from edgefashion.runtime.android import on_android
from edgefashion.runtime.classifier import Classifier
from edgefashion.runtime.shipped import DEFAULT_MODEL
from edgefashion.store.scan import Scan
from edgefashion.store.store import Store

from .files import Files
from .health import FrameRate
from .keyboard import Keyboard
from .kiosk import Kiosk, PinCorner
from .languages.language import LANGUAGES, preferred_language
from .message import MessageBar, SayingErrors
from .models import open_proven
from .problems import said
from .screens.correct import CorrectPage
from .screens.live import LiveScreen
from .screens.pages import PAGES
from .screens.pin import Guard
from .session import Frozen, Session
from .speech import Speaker, find_voice
from .text import tr, use_language
from .theme import DEFAULT_FONT, DEFAULT_THEME, FONTS, THEMES, Look
from .tidy import Tidy
from .watchdog import Watchdog
from .widgets import load_style
from .wording import spoken


@dataclass(frozen=True)
class Options:
    """How the app was started.

    Attributes:
        folder: Where the store and exports lie.
        source: What to look through, such as "usb:0"; None for what the settings say.
        model: A model's name or file; None for what the settings say.
        kiosk: Whether the screen belongs to the app alone.
        picture: A picture file to open as soon as the model is there.
        idle_seconds: After how long without a touch a kiosk goes back to its attract screen.
        watched: Whether a kiosk that begins in the settings may go on in this process; else the app ends for it.
        command: How to start the app at a login where a kiosk begins in the settings; () where somebody else does so.
    """

    folder: Path
    source: str | None = None
    model: str | None = None
    kiosk: bool = False
    idle_seconds: float = 60.0
    picture: str | None = None
    watched: bool = True
    command: tuple[str, ...] = ()


class EdgeFashionApp(App):
    """One live screen, and at most one page over it.

    Attributes:
        look: Theme, text size and font.
        session: What it does; the screens read it.
        page: The name of the page over the live screen; "" for none.
        source_named, model_named: As in `Options`, until the settings page chooses another.
    """

    title = "EdgeFashion"
    look = ObjectProperty(Look())

    def __init__(self, store: Store, options: Options, **properties: Any) -> None:
        super().__init__(**properties)
        load_style()
        self.options = options
        self.store = store
        self.session = Session(store, self.post)
        self.session.on_answer = self._refresh
        self.source_named, self.model_named = options.source, options.model
        self.page = ""
        self.messages: MessageBar
        self.live: LiveScreen
        self.kiosk = Kiosk(self, options.kiosk, options.idle_seconds)
        self._closed = False
        self._errors = SayingErrors(self.complain)
        self.last_problem = ""
        self._page: Any = None
        self._place_message = Clock.create_trigger(lambda _: self.messages.place())  # after all else has its place
        self.files = Files(self)
        self.keyboard = Keyboard(self)
        self.frame_rate = FrameRate()
        self.guard = Guard()
        self.watchdog = Watchdog()
        self._tidy = Tidy()
        self.speaker: Speaker | None = None

    # --- life --------------------------------------------------------------------------------------------------------

    def build(self) -> FloatLayout:
        """Make the root: the live screen and room for a page."""
        self.look = self._look_of_settings()
        root = FloatLayout()
        self.messages = MessageBar(root, self._free_strip)
        root.bind(size=self._place_message)
        self._fill(root)
        return root

    def on_start(self) -> None:
        """Open camera and model, which both take a moment, and begin to tick."""
        Window.clearcolor = self.look.colour("ground")
        Window.bind(on_drop_file=self._dropped, on_key_down=self.keyboard.pressed, on_touch_down=self.kiosk.touched)
        ExceptionManager.add_handler(self._errors)
        self.kiosk.take_screen()
        self.use_codes()
        self.use_speech()
        self.open_camera()
        self.open_model()
        # An interval whose callback raises is never called again; this one must be.
        Clock.schedule_interval(lambda seconds: self.attempt(lambda: self._tick(seconds)), 0)
        self.watchdog.send("READY=1")
        if self.store.notice:
            self.complain(self.store.notice)

    def open_settings(self, *_: Any) -> bool:
        """Never open Kivy's own settings, which F1 asks for: they would let anybody out of a kiosk."""
        return False

    def on_stop(self) -> None:
        """End the threads."""
        self._closed = True
        ExceptionManager.remove_handler(self._errors)
        self.watchdog.send("STOPPING=1")
        Window.unbind(on_drop_file=self._dropped, on_key_down=self.keyboard.pressed, on_touch_down=self.kiosk.touched)
        if self.speaker is not None:
            self.speaker.close()
        self.session.close()

    def on_pause(self) -> bool:
        """Let the system put the app to sleep; the camera is given back."""
        self.session.use_source(None)
        return True

    def on_resume(self) -> None:
        """Take the camera again, and draw anew: after another app's screen Android may show ours black."""
        Window.update_viewport()
        self.open_camera()

    def rebuild(self) -> None:
        """Draw everything anew in the present look and language."""
        page = self.page
        self.look = self._look_of_settings()
        Window.clearcolor = self.look.colour("ground")
        self.messages.hush()
        self.root.clear_widgets()
        self._tidy.soon()
        self._page, self.page = None, ""
        self._fill(self.root)
        if page and page in PAGES:
            self.open_page(page)

    def _fill(self, root: FloatLayout) -> None:
        self.live = LiveScreen(self)
        self.live.picture.bind(size=self._place_message, pos=self._place_message)
        root.add_widget(self.live)
        if self.kiosk.on:
            root.add_widget(PinCorner(self))

    def _look_of_settings(self) -> Look:
        theme = self.store.setting("theme", DEFAULT_THEME)
        use_language(self.language)
        font = FONTS.get(self.language, DEFAULT_FONT)
        return Look(theme if theme in THEMES else DEFAULT_THEME, self.store.setting("text_scale", 1.0), font)

    @property
    def language(self) -> str:
        """The language of the screen: the chosen one, else what the system asks for."""
        chosen = self.store.setting("language", "")
        wishes = (os.environ.get(name, "") for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
        return chosen if chosen in LANGUAGES else preferred_language(wishes)

    def post(self, call: Callable[[], None]) -> None:
        """Run a function soon in the thread that draws, unless the app has ended by then; any thread may call it."""

        def run(_seconds: float) -> None:
            if not self._closed:
                call()

        Clock.schedule_once(run)

    def _tick(self, _seconds: float) -> None:
        self.live.tick()
        self.watchdog.beat()
        self.frame_rate.update(self.session.frames_seen)
        self.kiosk.tick()

    def _refresh(self) -> None:
        self.live.refresh()
        if self.speaker is not None and not self.kiosk.inviting and (text := spoken(self.session.state)):
            self.speaker.say(text, self.language)

    # --- camera and model --------------------------------------------------------------------------------------------

    @property
    def source(self) -> str:
        """What to look through: as named when starting, else as in the settings, at first a phone's own camera."""
        return self.source_named or self.store.setting("source", find_camera() if on_android() else "")

    def open_camera(self) -> None:
        """Look through the source that was named when starting, or that the settings name."""
        spec = self.source
        if not spec:
            self.session.use_source(None)
            return
        try:
            rotate, mirror = self.store.setting("rotate", 0), self.store.setting("mirror", False)
            self.session.use_source(open_source(spec, rotate=rotate, mirror=mirror))
        except EdgeFashionError as error:
            self.session.use_source(None, str(error))

    def use_codes(self) -> None:
        """Read barcodes, or don't, as the settings say."""
        self.session.use_codes(self.store.setting("codes", True))
        self.live.refresh()

    def use_speech(self) -> None:
        """Speak the answers, or don't, as the settings say; without a voice it is said why."""
        if self.speaker is not None:
            self.speaker.close()
        self.speaker = Speaker(*find_voice(), self._voice_failed) if self.store.setting("speech", False) else None
        if self.speaker is not None and self.speaker.problem:
            self.say(said(self.speaker.problem))

    def _voice_failed(self, problem: str) -> None:
        """Called in the thread that speaks."""
        self.post(lambda: self.complain(problem))

    def open_model(self) -> None:
        """Open the model in a thread of its own, so that the picture comes first."""
        named = self.model_named or self.store.setting("model", DEFAULT_MODEL)
        candidates = dict.fromkeys((named, self.store.setting("proven_model", DEFAULT_MODEL), DEFAULT_MODEL))

        def work() -> None:
            try:
                classifier, notice = open_proven(candidates)
            except EdgeFashionError as error:
                problem = str(error)
                self.post(lambda: self._use_model(None, problem))
            else:
                self.post(lambda: self._use_model(classifier, notice))

        Thread(target=work, name="open model", daemon=True).start()

    def _use_model(self, classifier: Classifier | None, notice: str) -> None:
        self.session.use_classifier(classifier, "" if classifier else notice)
        if classifier is not None:
            self.attempt(lambda: self.store.set_setting("proven_model", str(classifier.path)))
            if notice:
                self.complain(notice)
            if self.options.picture is not None and self.session.frozen is None:
                self.files.open(self.options.picture)
        self.live.refresh()

    # --- pages -------------------------------------------------------------------------------------------------------

    def open_page(self, name: str, **arguments: Any) -> None:
        """Show a page over the live screen: one of `PAGES`; in a kiosk those of the staff only after the PIN.

        Android has its own screen for pictures.
        """
        if self.kiosk.guards(name):
            self._show_page("pin", PAGES["pin"](self, then=lambda: self.open_page(name, **arguments)))
        elif name == "import" and on_android():
            self.back()
            self.files.choose()
        else:
            self._show_page(name, PAGES[name](self, **arguments))

    def back(self) -> None:
        """Close the page; whoever gave the PIN of a kiosk for it must give it again."""
        self.kiosk.staff = False
        if self._page is not None:
            self.root.remove_widget(self._page)
            self._tidy.soon()
            self._page, self.page = None, ""
            self.live.refresh()
            self.messages.place()

    @property
    def top_screen(self) -> Any:
        """What the keyboard acts on: the page, or the live screen."""
        return self._page if self._page is not None else self.live

    def _show_page(self, name: str, page: Any) -> None:
        if self._page is not None:
            self.root.remove_widget(self._page)
            self._tidy.soon()
        self._page, self.page = page, name
        self.root.add_widget(page)
        self.messages.place()

    # --- what the buttons do -----------------------------------------------------------------------------------------

    def toggle_freeze(self) -> None:
        """Keep the picture and store it, or go on."""
        if self.session.frozen is not None:
            self.session.resume()
        elif (scan := self.attempt(self.session.save)) is not None:
            self.say(f"{tr('Saved')}: {tr(scan.final['type'])}", undo=1)
        self.live.refresh()

    def open_correction(self, field: str = "type", scan: Scan | None = None) -> None:
        """Ask what a scan, by default the present picture, really shows."""
        scan = scan or self.attempt(self.session.save)
        self.live.refresh()
        if scan is not None:
            self._show_page("correct", CorrectPage(self, scan, field))

    def correct(self, scan: Scan, field: str, value: str) -> None:
        """Take a correction, and go back to where it was asked for."""
        corrected = self.attempt(lambda: self.session.correct(scan, field, value))
        if corrected is None:
            return
        if self.session.scan is not None and self.session.scan.id == corrected.id:
            self.back()
        else:
            self.open_page("scan", scan=corrected)
        self.say(f"{tr('Corrected')}: {tr(value)}", undo=1)

    def count_one(self) -> None:
        """Count the present garment into the stock and go on to the next."""
        steps = 1 if self.session.scan is not None else 2  # the count, and the scan if it is stored only now
        scan = self.attempt(self.session.save)
        number = None if scan is None else self.attempt(lambda: self.session.count(scan))
        if scan is None or number is None:
            return
        name = " ".join(tr(word) for word in (scan.colour, scan.final["type"]) if word)
        self.session.resume()
        self.live.refresh()
        self.say(f"{name}: {number}", undo=steps)

    def open_share(self) -> None:
        """Show the present result as a QR code."""
        scan = self.attempt(self.session.save)
        self.live.refresh()
        if scan is not None:
            self.open_page("share", scan=scan)

    def show_frozen(self, frozen: Frozen) -> None:
        """Show a picture in place of the live one, on the live screen."""
        self.session.keep(frozen)
        self.back()
        self.live.refresh()

    def undo(self, steps: int = 1) -> None:
        """Take back the last things that were done."""
        undone = [self.attempt(self.session.undo) for _ in range(steps)]
        if self._page is not None and self.page in PAGES:
            self._page.refresh()
        if undone and undone[0] is not None:
            self.say(tr("Undone"))
        self.live.refresh()

    def _dropped(self, _window: Any, name: bytes, *_: Any) -> None:
        self.files.open(name.decode("utf-8", "surrogateescape"))

    def attempt(self, act: Callable[[], Any]) -> Any:
        """Do something; what goes wrong is said on the screen, and None comes back."""
        try:
            return act()
        except (EdgeFashionError, OSError) as error:
            self.complain(" ".join(str(error).split()))
            return None

    # --- messages ----------------------------------------------------------------------------------------------------

    def say(self, text: str, undo: int = 0) -> None:
        """Say something for a few seconds, with a button to take `undo` steps back."""
        self.messages.show(text, (lambda: self.undo(undo)) if undo else None)

    def complain(self, problem: str) -> None:
        """Say what went wrong, in the screen's language; the health page keeps the line as it was told."""
        self.last_problem = problem
        self.say(said(problem))

    def _free_strip(self) -> tuple[float, float, float]:
        """Where a message has room: middle, lower edge and width of the page, or of what the card leaves free."""
        return self.live.free_middle if self._page is None else (self.root.center_x, self.root.y, self.root.width)
