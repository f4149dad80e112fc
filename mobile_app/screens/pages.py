"""The pages that open over the live screen, by name."""

from collections.abc import Callable
from typing import Any

from .health import HealthPage
from .history import HistoryPage
from .importing import ImportPage
from .pin import PinPage
from .scan import ScanPage
from .settings import SettingsPage
from .share import SharePage
from .stock import StockPage

PAGES: dict[str, Callable[..., Any]] = {
    "history": HistoryPage,
    "scan": ScanPage,
    "stock": StockPage,
    "settings": SettingsPage,
    "import": ImportPage,
    "share": SharePage,
    "health": HealthPage,
    "pin": PinPage,
}
