"""What only a kiosk needs: an attract screen after idle time, and a corner that leads out by PIN."""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from kivy.clock import Clock
from kivy.config import Config
from kivy.core.window import Window
from kivy.graphics import Color, Rectangle
from kivy.metrics import dp
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.widget import Widget

from . import autostart
from .environment import KEYBOARD, KIOSK_KEYBOARD, kiosk_in_settings
from .text import tr
from .theme import SPACES, Look
from .widgets import Icon, Panel, Words

if TYPE_CHECKING:
    from .app import EdgeFashionApp

STAFF_PAGES = ("health", "history", "import", "scan", "settings", "stock")
"""What passers-by may not open where there is a PIN: what others scanned, files, counts, and the PIN itself."""
HOLD_SECONDS = 3.0
CORNER = SPACES["target"]
VEIL = 0.72
"""How much of the live picture the attract screen covers, 0–1."""


class Idle:
    """Tells whether nobody has touched anything for a while. Its clock is monotonic: setting the time does nothing."""

    def __init__(self, seconds: float, now: Callable[[], float] = monotonic) -> None:
        """Args: seconds, how long a while is; now, gives seconds."""
        self.seconds = seconds
        self._now = now
        self._last = now()

    def touch(self) -> None:
        """Somebody is there."""
        self._last = self._now()

    def due(self) -> bool:
        """Return whether it is time to begin anew."""
        return self._now() - self._last >= self.seconds


class Attract(AnchorLayout):
    """Invites whoever passes by; the live picture stays visible behind it."""

    def __init__(self, look: Look, **properties: Any) -> None:
        super().__init__(padding=dp(SPACES["wide"]), **properties)
        with self.canvas.before:
            Color(*look.colour("ground")[:3], VEIL)
            veil = Rectangle()
        self.bind(pos=lambda _, pos: setattr(veil, "pos", pos), size=lambda _, size: setattr(veil, "size", size))
        card = Panel(
            orientation="vertical", padding=dp(SPACES["wide"]), spacing=dp(SPACES["pad"]), size_hint=(0.9, None)
        )
        name = Icon("garment", pos_hint={"center_x": 0.5}, tone="accent")
        title = Words(text=tr("What are you wearing?"), role="attract", halign="center", shrinks=True)
        hint = Words(text=tr("Touch the screen, then show one garment."), role="title", halign="center", shrinks=True)
        hint.tone = "muted"
        for part in (name, title, hint):
            card.add_widget(part)
        card.bind(minimum_height=card.setter("height"))
        self.add_widget(card)


class PinCorner(Widget):
    """An invisible corner, upper right; holding it leads to the page that asks for the PIN."""

    def __init__(self, app: "EdgeFashionApp", **properties: Any) -> None:
        super().__init__(
            size_hint=(None, None), size=(dp(CORNER), dp(CORNER)), pos_hint={"right": 1, "top": 1}, **properties
        )
        self._app = app
        self._timer: Any = None

    def on_touch_down(self, touch: Any) -> bool:
        """Begin to wait."""
        if not self.collide_point(*touch.pos):
            return False
        touch.grab(self)
        self._timer = Clock.schedule_once(lambda _: self._app.open_page("pin"), HOLD_SECONDS)
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Stop waiting."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        self._timer.cancel()
        return True


class Kiosk:
    """Whether the screen belongs to the app alone, and what follows from that.

    Attributes:
        on: Whether it does.
        idle: Tells when to invite the next person.
        staff: Whether somebody gave the PIN and has not gone back to the live screen since.
    """

    def __init__(self, app: "EdgeFashionApp", on: bool, idle_seconds: float) -> None:
        """Args: app, whose screens it clears; on, as in `Options`; idle_seconds, as in `Options`."""
        self.on = on or kiosk_in_settings(app.store)
        self.staff = False
        self.idle = Idle(idle_seconds)
        self._app = app
        self._attract: Attract | None = None

    def guards(self, page: str) -> bool:
        """Return whether a page asks for the PIN first."""
        return self.on and not self.staff and page in STAFF_PAGES and bool(self._app.store.setting("pin", ""))

    @property
    def inviting(self) -> bool:
        """Whether the attract screen is shown."""
        return self._attract is not None

    def tick(self) -> None:
        """Called every frame: begin anew when nobody has touched anything for a while."""
        if self.on and not self.inviting and self.idle.due():
            self.begin_anew()

    def begin_anew(self) -> None:
        """Forget the last person: close pages, go live, invite."""
        self._app.back()
        self._app.session.resume()
        self._app.messages.hush()
        self.invite()

    def invite(self) -> None:
        """Put the invitation over the live picture."""
        self._attract = Attract(self._app.look)
        self._app.root.add_widget(self._attract)

    def wake(self) -> bool:
        """Somebody is there: leave the attract screen; whether it was shown."""
        self.idle.touch()
        if self._attract is None:
            return False
        self._app.root.remove_widget(self._attract)
        self._attract = None
        self._app.live.refresh()
        return True

    def touched(self, *_: Any) -> bool:
        """Every touch counts as a sign of life; the one that wakes the attract screen does nothing else."""
        return self.wake()

    def use_setting(self) -> None:
        """Begin or end as the settings say; without a PIN, which keeps people in, it does not begin."""
        wanted = self._app.store.setting("kiosk", False)
        if wanted and not kiosk_in_settings(self._app.store):
            self._app.attempt(lambda: self._app.store.set_setting("kiosk", False))
            self._app.say(tr("Choose a PIN first: it leads out of the kiosk again."))
        elif wanted and not self.on:
            self._begin()
        elif self.on and not wanted:
            self.leave()

    def _begin(self) -> None:
        """Become a kiosk: in this process if somebody watches over it, else in a new one that a supervisor watches."""
        options = self._app.options
        if options.command:
            self._app.attempt(lambda: autostart.ask(options.command))
        if not options.watched:
            self._app.stop()  # entry.py goes on
            return
        self.on, self.staff = True, False
        self.idle.touch()
        self._use_window(True)
        self._app.rebuild()
        self._app.back()
        self.say_how_to_leave()

    def say_how_to_leave(self) -> None:
        """Tell whoever has just made a kiosk of it, or a machine that has just started, where the way out is."""
        self._app.say(tr("To leave the kiosk, hold the upper right corner for three seconds, or press F10."))

    def take_screen(self) -> None:
        """Fill the screen when the app starts, if it is a kiosk by its settings; one of `--kiosk` needs no telling."""
        if self.on and not self._app.options.kiosk:
            self._use_window(True)
            self.say_how_to_leave()

    def leave(self) -> None:
        """End the kiosk: an ordinary window, with the settings open."""
        self.on = False
        self._app.attempt(lambda: self._app.store.set_setting("kiosk", False))
        self._app.attempt(autostart.withdraw)
        self._use_window(False)
        self._app.rebuild()
        self._app.open_page("settings")

    def _use_window(self, whole: bool) -> None:
        """Take the whole screen, with a keyboard on it, as `environment.prepare` does, or an ordinary window."""
        Window.fullscreen = "auto" if whole else False
        Window.borderless = whole
        Window.show_cursor = not whole
        Config.set("kivy", "keyboard_mode", KIOSK_KEYBOARD if whole else KEYBOARD)
        Window.configure_keyboards()
