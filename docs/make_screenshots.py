"""Write docs/images/report-*.png from a sample that is generated on the spot: python docs/make_screenshots.py.

Needs what the extra `dev` installs, Chromium with its driver, and fonts: apt-get install chromium chromium-driver
fonts-noto-cjk.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import jieba
from PIL import Image

from nlptools_cli.main import run

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests" / "report"))

import browser  # type: ignore[import-not-found,unused-ignore]  # noqa: E402


def main() -> None:
    """Make the sample, its report, and pictures of it."""
    reason = browser.missing()
    if reason:
        sys.exit(f"no screenshots: {reason}")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = make_report(Path(folder))
        driver = browser.start()
        try:
            take(driver, page)
        finally:
            driver.quit()


def make_report(folder: Path) -> Path:
    """Return the report of the words of a sample of 20,000 questions; known are those of jieba's dictionary."""
    sample, page, known = folder / "zhidao.jsonl", folder / "report.html", Path(jieba.__file__).with_name("dict.txt")
    for command in (
        ["corpus", "sample", "zhidao", "-o", str(sample), "--rows", "20000", "--seed", "1"],
        ["newwords", str(sample), "--text-column", "question", "--known", str(known), "--report", str(page)],
    ):
        if run(command):
            sys.exit(f"nlptools {' '.join(command)} failed")
    return page


def take(driver: Any, page: Path) -> None:
    """Take the pictures: desktop and phone, light and dark, English and Chinese."""
    browser.look(driver, 1400, 860)
    show(driver, page, word="沐禾镇")
    picture(driver, "report-light")
    browser.look(driver, 1400, 860, scheme="dark")
    show(driver, page, chinese=True, word="寒粟症", known="new", length_most="4", count_least="20")
    driver.execute_script("document.getElementById('evidence').scrollTop = 470; toggle(opened); toggle(shown[0])")
    picture(driver, "report-dark")
    browser.look(driver, 390, 780, scale=2)
    show(driver, page, chinese=True, known="new")
    picture(driver, "report-phone")
    driver.execute_script("open(arguments[0], true)", place(driver, "咕噜蟹"))
    picture(driver, "report-phone-evidence")


def place(driver: Any, word: str) -> int:
    """Return the index of a word."""
    return int(driver.execute_script("return wordIndex.get(arguments[0])", word))


def show(driver: Any, page: Path, word: str | None = None, chinese: bool = False, **form: str) -> None:
    """Load the page, fill its form, and open a word."""
    browser.visit(driver, page)
    if chinese:
        driver.execute_script("if (language === 'en') document.getElementById('language').click()")
    for name, value in form.items():
        driver.execute_script(
            "document.getElementById(arguments[0]).value = arguments[1]", name.replace("_", "-"), value
        )
    driver.execute_script("refresh()")
    if word is not None:
        driver.execute_script("goTo(arguments[0])", place(driver, word))
        browser.wait(driver, "return document.getElementById('evidence').dataset.word === String(opened)")


def picture(driver: Any, name: str) -> None:
    """Write what is seen, in 256 colours."""
    driver.execute_async_script("setTimeout(arguments[0], 400)")
    path = IMAGES / f"{name}.png"
    browser.screenshot(driver, path)
    with Image.open(path) as image:
        image.convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
            path, optimize=True
        )


if __name__ == "__main__":
    main()
