"""Where a person's data lies."""

import os
import sys
from pathlib import Path

FILE_NAME = "scans.db"


def default_folder() -> Path:
    """Gives the folder for a person's data, which may not exist yet; on Android the app gives its private folder.

    Linux: `$XDG_DATA_HOME/edgefashion`, by default `~/.local/share/edgefashion` (XDG Base Directory Specification: a
    relative path counts as none). macOS and Windows: where their programs keep such data.
    """
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "EdgeFashion"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "EdgeFashion"
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".local" / "share") / "edgefashion"
