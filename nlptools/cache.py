"""Where things are kept that can be made again: the user's cache folder."""

import os
from contextlib import suppress
from pathlib import Path


def cache_folder() -> Path | None:
    """Return the folder of ours in the user's cache; None if nobody is at home. It may have to be made."""
    local = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME")
    with suppress(RuntimeError):
        return Path(local or Path.home() / ".cache") / "nlptools"
    return None
