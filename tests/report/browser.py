"""A real headless browser, for the tests of the page, its benchmark and its screenshots: Chromium with its driver.

Debian has both: `apt-get install chromium chromium-driver`. Nothing is downloaded here.
"""

import base64
import shutil
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing() -> str | None:
    """Return what is not installed; None if all is there."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed"
    if not any(map(shutil.which, NAMES)):
        return "no browser is installed: apt-get install chromium chromium-driver"
    if not shutil.which("chromedriver"):
        return "chromedriver is not installed: apt-get install chromium-driver"
    return None


def start(downloads: Path | None = None) -> Any:
    """Return a driver of a new headless browser; what it downloads goes to a folder."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = next(path for path in map(shutil.which, NAMES) if path)
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "hide-scrollbars", "lang=en"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if downloads is not None:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def look(driver: Any, width: int = 1280, height: int = 860, scale: int = 1, scheme: str = "light") -> None:
    """Give the window a size in CSS pixels, and the system light or dark colours."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )


def visit(driver: Any, page: Path, at: str = "") -> float:
    """Load a page anew, with nothing kept of the last visit; return the seconds until it can be used."""
    driver.get("about:blank")
    driver.get(f"file://{page}")
    driver.execute_script("localStorage.clear()")
    driver.get("about:blank")
    driver.get(f"file://{page}{at}")
    wait(driver, "return Boolean(document.body && document.body.dataset.ready)")
    return float(driver.execute_script("return Number(document.body.dataset.ready)")) / 1000


def wait(driver: Any, condition: str, *arguments: object, seconds: float = 20) -> Any:
    """Return what a script says as soon as it is true; raises TimeoutError if it never is."""
    end = time.monotonic() + seconds
    while not (value := driver.execute_script(condition, *arguments)):
        if time.monotonic() > end:
            raise TimeoutError(f"{condition}: {driver.get_log('browser')}")
        time.sleep(0.02)
    return value


def screenshot(driver: Any, path: Path) -> None:
    """Write what is seen to a PNG."""
    picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    path.write_bytes(base64.b64decode(picture["data"]))
