"""How much memory a stage took."""

from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")


def forget_peak() -> None:
    """Let the peak of this process begin anew, where the system can do that (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory() -> int | None:
    """Return the most memory that this process had since `forget_peak`, in bytes; None if that is not known."""
    with suppress(OSError, ValueError, IndexError):
        told = _STATUS.read_text(encoding="ascii", errors="replace").split("VmHWM:", 1)[1]
        return int(told.split()[0]) << 10
    return None
