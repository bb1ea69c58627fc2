"""The page, in a real headless browser; skipped where none is installed."""

import csv
import io
import json
import math
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import browser  # type: ignore[import-not-found,unused-ignore]
import jieba
import numpy as np
import pyarrow as pa
import pytest

from nlptools.report.options import ReportOptions
from nlptools.report.write import write_report

ROOT = Path(__file__).parents[2]
AXE = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")

reason = browser.missing()
pytestmark = pytest.mark.skipif(reason is not None, reason=f"the page is not tested: {reason}")


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def session(downloads: Path) -> Iterator[Any]:
    driver = browser.start(downloads)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, words: pa.Table, texts: list[str], left_out: pa.Table) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(words, texts, path, left_out=left_out, title="</title><script>window.harmed=3</script> 微信")
    return path


@pytest.fixture
def driver(session: Any, page: Path) -> Iterator[Any]:
    """The page, just loaded; afterwards it must have said nothing to the console, asked for nothing, and run nothing."""
    browser.look(session)
    browser.visit(session, page)
    yield session
    assert session.get_log("browser") == []
    assert session.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert session.execute_script("return window.harmed ?? null") is None


def choose(driver: Any, **values: object) -> list[int]:
    """Fill the form; return the words that are shown, as indices."""
    for name, value in values.items():
        driver.execute_script(
            "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('input', {bubbles: true}))",
            name.replace("_", "-"),
            str(value),
        )
    return shown(driver)


def shown(driver: Any) -> list[int]:
    return list(driver.execute_script("return [...shown]"))


def sort_by(driver: Any, name: str) -> list[int]:
    driver.execute_script("document.querySelector(`[data-sort='${arguments[0]}']`).click()", name)
    return shown(driver)


def open_word(driver: Any, place: int) -> str:
    """Click on the word of a row; return the text of the pane once it is there."""
    driver.execute_script("document.querySelector(`[data-place='${arguments[0]}'] .word`).click()", place)
    condition = "return document.getElementById('evidence').dataset.word === String(shown[arguments[0]])"
    browser.wait(driver, condition, place)
    return str(driver.find_element("id", "evidence").get_attribute("innerText"))


def press(driver: Any, *keys: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).send_keys(*keys).perform()


def test_rows_are_the_table(driver: Any, words: pa.Table) -> None:
    rows = driver.execute_script(
        "return [...document.querySelectorAll('#rows .row')].map(r => [...r.children].map(c => c.textContent))"
    )
    assert [row[2] for row in rows][:7] == words["word"].to_pylist()[:7]
    assert rows[0][1:5] == ["1", "微信", "80", "40"]
    assert rows[3][7] == "–"
    assert driver.title == "</title><script>window.harmed=3</script> 微信"
    assert driver.find_element("id", "title").text == driver.title
    grid = driver.find_element("id", "grid")
    assert grid.get_attribute("aria-rowcount") == str(words.num_rows + 1)


def test_sorts_by_each_column(driver: Any, words: pa.Table) -> None:
    for name in ("count", "documents", "pmi", "left_entropy", "right_entropy", "score", "known"):
        values = words[name].to_pylist()
        for _ in range(2):
            found = sort_by(driver, name)
            way = driver.execute_script(
                "return document.querySelector(`[data-sort='${arguments[0]}']`).parentElement.ariaSort", name
            )
            sign = {"ascending": 1, "descending": -1}[way]
            expected = sorted(range(len(values)), key=lambda i: (values[i] is None, sign * (values[i] or 0), i))
            assert found == expected, (name, way)
    by_word = sort_by(driver, "word")
    assert sorted(by_word) == list(range(words.num_rows)) and by_word != sorted(by_word)
    assert sort_by(driver, "rank") == list(range(words.num_rows))


def test_filters(driver: Any, words: pa.Table) -> None:
    rows = words.to_pylist()

    def expected(test: Callable[[dict[str, Any]], bool]) -> list[int]:
        return [i for i, row in enumerate(rows) if test(row)]

    def reset() -> None:
        driver.find_element("id", "clear").click()
        browser.wait(driver, "return shown.length === size")

    assert choose(driver, search="微") == expected(lambda row: "微" in row["word"])
    assert choose(driver, mode="ends", search="包") == expected(lambda row: row["word"].endswith("包"))
    assert choose(driver, mode="begins", search="5g") == expected(lambda row: row["word"].startswith("5G"))
    assert choose(driver, mode="equals", search="红包") == [1]
    assert choose(driver, mode="regex", search="^.包$") == [1]
    assert choose(driver, search="(") == []
    assert driver.find_element("id", "search").get_attribute("aria-invalid") == "true"
    assert driver.find_element("id", "status").text == "not a regular expression"
    reset()
    assert choose(driver, length_least=3, length_most=4) == expected(lambda row: 3 <= len(row["word"]) <= 4)
    reset()
    assert choose(driver, count_least=50, count_most=70) == expected(lambda row: 50 <= row["count"] <= 70)
    reset()
    assert choose(driver, known="new") == expected(lambda row: not row["known"])
    reset()
    assert choose(driver, script="mixed") == [words["word"].to_pylist().index("5G手机")]
    assert choose(driver, script="latin") == [words["word"].to_pylist().index(w) for w in ("5G", "constructor")]
    assert choose(driver, known="known", script="han", search="微") == [0]
    assert driver.find_element("id", "status").text == f"1 of {words.num_rows} words"


def test_evidence(driver: Any, words: pa.Table, texts: list[str], slow_count: Callable[[str], int]) -> None:
    for place, word in enumerate(words["word"].to_pylist()[:3]):
        said = open_word(driver, place)
        assert said.startswith(word)
        lines = driver.execute_script(
            "return [...document.querySelectorAll('.lines li')].map(l => [...l.children].map(c => c.textContent))"
        )
        assert len(lines) == min(ReportOptions().lines, slow_count(word))
        for document, left, middle, right in lines:
            text = texts[int(document[1:])].replace("\r\n", "⏎").replace("\n", "⏎")
            assert middle == word and left + word + right in text
        beside = driver.execute_script(
            "return [...document.querySelectorAll('.beside li')].map(l => [l.children[0].textContent, l.children[2].textContent])"
        )
        for ngram, count in beside:
            if "～" in ngram:
                assert slow_count(ngram.replace("～", word).replace("⏎", "\n")) == int(count), ngram
    cells = driver.execute_script("return [...document.querySelectorAll('.parts td')].map(c => c.textContent)")
    assert cells == [
        f"{part} {slow_count(part)} · {100 * slow_count('微信红包') / slow_count(part):.0f} %"
        for cut in (1, 2, 3)
        for part in ("微信红包"[:cut], "微信红包"[cut:])
    ]
    chips = driver.execute_script("return [...document.querySelectorAll('.chips button')].map(c => c.firstChild.data)")
    assert chips == ["微信", "红包"]


def test_terms_add_up(driver: Any, words: pa.Table) -> None:
    row = words.to_pylist()[2]
    log_odds = row["why_constant"] + row["why_price"] + row["why_pmi"]
    said = open_word(driver, 2)
    assert f"Sum, log-odds\n+{log_odds:.2f}\nProbability\n{1 / (1 + math.exp(-log_odds)):.4f}" in said
    assert f"Price λ\n+{row['why_price']:.2f}\nAny n-gram\n−2.40" not in said  # larger terms first
    assert said.index("Price λ\n+") < said.index("Cohesion (PMI)\n+")


def test_markup_is_shown_and_never_run(driver: Any, words: pa.Table) -> None:
    for place, word in enumerate(words["word"].to_pylist()):
        said = open_word(driver, place)
        if "<" in word:
            assert said.startswith(word)
            assert f"前文{word}后文" in said.replace("\n", "")
    assert driver.execute_script("return document.querySelectorAll('#main img, #main script').length") == 0
    driver.execute_script("document.body.insertAdjacentHTML('beforeend', '<img src=data:, onerror=window.harmed=9>')")
    time.sleep(0.1)
    assert any("Content Security Policy" in entry["message"] for entry in driver.get_log("browser"))


def test_says_why_a_string_is_not_in_the_list(driver: Any) -> None:
    def verdict(text: str) -> str:
        choose(driver, mode="contains", search=text)
        browser.wait(driver, "return !document.getElementById('verdict').hidden")
        return str(driver.find_element("id", "verdict").text)

    assert verdict("群里") == (
        "“群里” is not in the list: seen 40 times, but it does not pay for itself: price λ 0.125, it must exceed 0.3."
    )
    assert "seen 39 times, but always beside the same neighbour" in verdict("里第")
    assert "nor among the 3 most frequent n-grams" in verdict("没有")
    assert "unheard" in verdict("<script>window.harmed=1</script>x")
    choose(driver, search="微信")
    browser.wait(driver, "return document.getElementById('verdict').hidden")


def test_keyboard(driver: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    press(driver, "/")
    assert driver.switch_to.active_element.get_attribute("id") == "search"
    press(driver, "微", Keys.ENTER)
    assert driver.switch_to.active_element.get_attribute("id") == "grid"
    press(driver, Keys.ARROW_DOWN)
    assert driver.execute_script("return [active, shown.length]") == [1, 2]
    row = driver.find_element("id", driver.find_element("id", "grid").get_attribute("aria-activedescendant"))
    assert "微信红包" in row.text
    press(driver, " ")
    assert driver.execute_script("return [...ticked]") == [2]
    press(driver, Keys.ENTER)
    browser.wait(driver, "return document.activeElement.id === 'evidence'")
    assert driver.find_element("css selector", "#evidence h2").text == "微信红包"
    press(driver, Keys.ESCAPE)
    assert driver.switch_to.active_element.get_attribute("id") == "grid"
    press(driver, Keys.END, Keys.HOME, Keys.PAGE_DOWN, Keys.PAGE_UP, Keys.ARROW_UP)
    assert driver.execute_script("return active") == 0
    press(driver, "?")
    assert driver.execute_script("return document.getElementById('help').open")
    press(driver, Keys.ESCAPE)
    press(driver, "/", Keys.ESCAPE)
    assert len(shown(driver)) > 2


def saved(downloads: Path, name: str) -> bytes:
    path = downloads / name
    end = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < end, f"no {name}"
        time.sleep(0.02)
    data = path.read_bytes()
    path.unlink()
    return data


def test_exports(driver: Any, downloads: Path, words: pa.Table, tmp_path: Path) -> None:
    driver.find_element("id", "export-csv").click()
    everything = list(csv.DictReader(io.StringIO(saved(downloads, "words.csv").decode("utf-8-sig"), newline="")))
    assert [row["word"] for row in everything] == words["word"].to_pylist()
    assert [float(row["pmi"]) for row in everything] == words["pmi"].to_pylist()
    assert everything[3]["right_entropy"] == ""
    for place in (1, 4, 0):
        driver.execute_script("document.querySelector(`[data-place='${arguments[0]}'] .tick`).click()", place)
    driver.find_element("id", "export-dict").click()
    assert saved(downloads, "words.dict") == "微信 80\n红包 77\n5G手机 68\n".encode()
    driver.find_element("id", "untick").click()
    driver.find_element("id", "export-dict").click()
    dictionary = tmp_path / "words.dict"
    dictionary.write_bytes(saved(downloads, "words.dict"))
    tokenizer = jieba.Tokenizer(str(dictionary))
    tokenizer.tmp_dir = str(tmp_path)
    assert tokenizer.lcut("微信红包5G手机", HMM=False) == ["微信红包", "5G手机"]


def test_ticks_last(driver: Any, page: Path) -> None:
    driver.execute_script("document.querySelector('[data-place=\"2\"] .tick').click()")
    driver.refresh()
    browser.wait(driver, "return Boolean(document.body && document.body.dataset.ready)")
    assert driver.execute_script("return [...ticked]") == [2]
    assert driver.find_element("id", "chosen").text == "1 ticked to export"
    assert choose(driver, ticked="yes") == [2]


def test_points_lead_to_words(driver: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    x, y, wide, high = browser.wait(driver, "return frame && [frame.xs[4], frame.ys[4], frame.wide, frame.high]")
    canvas = driver.find_element("id", "canvas")
    ActionChains(driver).move_to_element_with_offset(canvas, round(x - wide / 2), round(y - high / 2)).click().perform()
    browser.wait(driver, "return document.getElementById('evidence').dataset.word === '4'")
    assert driver.current_url.endswith("#5")
    ActionChains(driver).move_to_element_with_offset(
        canvas, round(x - wide / 2) - 15, round(y - high / 2) - 15
    ).click_and_hold().move_by_offset(30, 30).release().perform()
    assert 4 in shown(driver) and len(shown(driver)) < driver.execute_script("return size")
    driver.find_element("id", "region").click()
    assert len(shown(driver)) == driver.execute_script("return size")


def test_an_address_leads_to_a_word(session: Any, page: Path) -> None:
    browser.visit(session, page, "#3")
    browser.wait(session, "return document.getElementById('evidence').dataset.word === '2'")


def test_chinese_and_english(driver: Any) -> None:
    assert driver.execute_script("return document.documentElement.lang") == "en"
    driver.find_element("id", "language").click()
    assert driver.execute_script("return document.documentElement.lang") == "zh-Hans"
    assert "左邻熵" in driver.find_element("id", "head").text
    assert "为何排在此处" in open_word(driver, 0)
    english, chinese = driver.execute_script(
        "return [TEXTS.en, TEXTS.zh].map(t => JSON.stringify(Object.keys(t).sort()))"
    )
    assert json.loads(english) == json.loads(chinese)
    for name in ("limits", "terms", "explain"):
        assert driver.execute_script(
            "return Object.keys(TEXTS.en[arguments[0]]).sort().join() === Object.keys(TEXTS.zh[arguments[0]]).sort().join()",
            name,
        )


def test_dark_and_light(driver: Any) -> None:
    def background() -> str:
        return str(driver.execute_script("return getComputedStyle(document.body).backgroundColor"))

    light = background()
    browser.look(driver, scheme="dark")
    browser.wait(driver, "return document.documentElement.dataset.theme === 'dark'")
    assert background() != light
    driver.find_element("id", "theme").click()
    assert background() == light


def test_phone(driver: Any) -> None:
    browser.look(driver, 390, 800, scheme="light")
    browser.wait(driver, "return document.querySelectorAll('#head > *').length === 4")
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
    driver.find_element("id", "more").click()
    assert driver.find_element("id", "length-least").is_displayed()
    driver.find_element("id", "more").click()
    assert "微信红包" in open_word(driver, 2)
    assert driver.find_element("id", "close").is_displayed()
    driver.find_element("id", "close").click()
    assert not driver.find_element("id", "evidence").is_displayed()


@pytest.fixture(scope="module")
def axe() -> str:
    """The accessibility checker, fetched from npm into build/."""
    if not AXE.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("accessibility is not tested: npm is not installed")
        command: list[str] = [
            npm,
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            str(AXE.parents[2]),
            "axe-core@4",
        ]
        AXE.parents[2].mkdir(parents=True, exist_ok=True)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip("accessibility is not tested: npm took too long to fetch axe-core")
        if done.returncode or not AXE.exists():
            pytest.skip(f"accessibility is not tested: npm could not fetch axe-core: {done.stderr.strip()[-200:]}")
    return AXE.read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_accessible(session: Any, page: Path, axe: str, width: int, scheme: str) -> None:
    browser.look(session, width, 860, scheme=scheme)
    browser.visit(session, page)
    session.execute_script(axe)
    for state in (
        "",
        "toggle(0); open(0, true)",
        "closePane(); document.getElementById('search').value = '群里'; refresh()",
        "document.getElementById('language').click(); document.getElementById('help').showModal()",
    ):
        session.execute_script(state)
        time.sleep(0.3)
        found = session.execute_async_script("axe.run().then(arguments[0])")
        problems = [
            (problem["id"], problem["nodes"][0]["html"][:200], problem["nodes"][0]["failureSummary"])
            for problem in found["violations"]
            if problem["impact"] in SERIOUS
        ]
        assert not problems, (state, problems)


def test_trends(session: Any, tmp_path: Path, downloads: Path) -> None:
    """A table of trends has a sparkline in each row, and a chart for each word; without a text there is no evidence."""
    series = [[0, 0, 1, 5], [3, 3, 3, 4], [9, 1, 0, 0]]
    table = pa.table(
        {
            "word": ["冰墩墩", "红包", "<b>老歌"],
            "count": [sum(one) for one in series],
            "trend": ["born", "steady", "dying"],
            "first": ["2024-01", "2023-11", "2023-11"],
            "q_value": [1e-9, None, 0.04],
            "series": series,
        }
    )
    labels = ["2023-11", "2023-12", "2024-01", "2024-02"]
    page = tmp_path / "trends.html"
    metadata = {b"periods": json.dumps({"labels": labels, "characters": [10, 10, 10, 100]}).encode()}
    write_report(table.replace_schema_metadata(metadata), None, page)
    browser.look(session)
    browser.visit(session, page)
    assert len(session.find_elements("css selector", "#rows svg.spark")) == 3
    said = open_word(session, 0)
    assert "2024-01 · 1" in said and "q value\n1.0e-9" in said
    script = "return [...document.querySelectorAll('.chart rect')].map(bar => Number(bar.getAttribute('height')))"
    assert session.execute_script(script) == [0, 0, 100, 50]  # rates: 1 of 10 characters, then 5 of 100
    titles = session.execute_script("return [...document.querySelectorAll('.chart title')].map(t => t.textContent)")
    assert titles == ["2023-11: 0", "2023-12: 0", "2024-01: 1", "2024-02: 5"]
    assert choose(session, trend="dying") == [2]
    assert choose(session, trend="") == [0, 1, 2]
    assert sort_by(session, "series") == [1, 2, 0]
    session.find_element("id", "export-csv").click()
    rows = list(csv.DictReader(io.StringIO(saved(downloads, "words.csv").decode("utf-8-sig"), newline="")))
    assert [row["series"] for row in rows] == ["3 3 3 4", "9 1 0 0", "0 0 1 5"]
    browser.look(session, 390, 800)
    browser.wait(session, "return document.querySelectorAll('#head > *').length === 4")
    assert session.execute_script("return document.documentElement.scrollWidth") <= 390
    assert session.get_log("browser") == []


def test_tables_of_words_alone(session: Any, tmp_path: Path) -> None:
    page = tmp_path / "plain.html"
    for names in (["红包", "微信"], []):
        write_report(pa.table({"word": pa.array(names, pa.string())}), None, page)
        browser.visit(session, page)
        assert shown(session) == list(range(len(names)))
        assert not session.find_element("id", "plot").is_displayed()
        assert session.get_log("browser") == []


def test_columns_without_values_are_not_shown(session: Any, tmp_path: Path) -> None:
    page = tmp_path / "empty.html"
    nothing = pa.nulls(2, pa.int64())
    table = {"word": ["红包", "微信"], "count": [2, 1], "known": nothing, "pmi": [1e10, 1e10]}
    write_report(pa.table(table), None, page)
    browser.look(session)
    browser.visit(session, page)
    names = session.execute_script(
        "return [...document.querySelectorAll('#head [data-sort]')].map(e => e.dataset.sort)"
    )
    assert names == ["rank", "word", "count", "pmi"]
    assert session.execute_script("return [...document.getElementById('plot-y').options].map(o => o.value)") == ["pmi"]
    open_word(session, 0)
    assert choose(session, search="没有") == []
    session.execute_script("document.querySelectorAll('.moves button')[2].click()")  # there is no next word
    assert session.get_log("browser") == []


def test_fifty_thousand_words(session: Any, tmp_path: Path, texts: list[str]) -> None:
    """They load and are searched; benchmarks/report.py tells how fast."""
    rng, size = np.random.default_rng(1), 50_000
    characters = np.array(list("微信群里发了红包他在上抢怎么到用付款电影大学生活动手机"))
    picked = characters[rng.integers(0, characters.size, (2 * size, 4))]
    names = list(dict.fromkeys(map("".join, picked.tolist())))[:size]
    columns = {name: np.round(rng.exponential(4, size), 4) for name in ("pmi", "left_entropy", "right_entropy")}
    counts = np.sort(rng.zipf(1.6, size) % 100_000)[::-1]
    table = pa.table({"word": names, "count": counts, **columns, "score": np.linspace(1, 0, size)})
    page = tmp_path / "large.html"
    write_report(table, texts, page, evidence=1000)
    browser.look(session)
    loaded = browser.visit(session, page)
    found = choose(session, search="微信")
    filtered = float(session.execute_script("return document.body.dataset.filtered"))
    print(f"50,000 words: loaded in {loaded:.2f} s, filtered in {filtered:.0f} ms")  # noqa: T201
    assert found == [i for i, name in enumerate(names) if "微信" in name]
    assert session.execute_script("return document.querySelectorAll('#rows .row').length") < 100
    session.execute_script("document.getElementById('grid').scrollTop = 1e6")
    browser.wait(session, "return document.querySelector('#rows .row').dataset.place > 0")
    assert session.get_log("browser") == []
