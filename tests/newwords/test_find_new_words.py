"""find_new_words from end to end: the whole table against the twin, and what users rely on."""

import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.newwords.function_characters import FUNCTION_CHARACTERS
from nlptools.newwords.score import Weights
from nlptools_corpora import zhidao

METHODS = ["mdl", "cohesion", "entropy"]
COLUMNS = {
    "word": pa.large_string(),
    "count": pa.int64(),
    "documents": pa.int64(),
    "pmi": pa.float64(),
    "left_entropy": pa.float64(),
    "right_entropy": pa.float64(),
    "score": pa.float64(),
    "known": pa.bool_(),
}
MORE = {
    "mdl": {"price": pa.float64(), "standalone": pa.float64()},
    "cohesion": {"occurrences": pa.int64()},
    "entropy": {},
}
LOOSE: dict[str, Any] = {"min_count": 1, "min_pmi": -9.0, "min_entropy": -1.0}  # let cohesion and entropy list all

WORDS = [
    "研究",
    "生命",
    "起源",
    "研究生",
    "自然语言",
    "的",
    "了",
    "是",
    "在",
    "K线图",
    "𠮷野家",
    "，",
    "。",
    "5G手机",
    "2024年",
]
documents = st.one_of(
    st.sampled_from(["", "。", "命", "一二三四五六七", "５Ｇ手机，5G手机", "的的的的的的的的的的的的的的的"]),
    st.text("研究", max_size=15),
    st.text("的了在是研究生命起源，", max_size=40),
    st.text("研a1Ａ𠮷， か", max_size=20),
    st.lists(st.sampled_from(WORDS), max_size=15).map("".join),
)
texts_of_a_corpus = (
    st.lists(documents, min_size=1, max_size=6)
    .flatmap(lambda texts: st.lists(st.sampled_from(texts), min_size=1, max_size=9))
    .filter(lambda texts: any(text.strip() for text in texts))
)


def some_texts(seed: int, lines: int, words: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(WORDS, k=words)) for _ in range(lines)]


def words_of(table: Any) -> list[str]:
    words: list[str] = table["word"].to_pylist()
    return words


# ---- the whole table


def check(table: Any, twin: Any) -> None:
    rows = {row.pop("word"): row for row in table.to_pylist()}
    assert rows.keys() == twin.rows.keys()
    for word, row in rows.items():
        assert row.pop("known") is None
        assert row == pytest.approx(twin.rows[word], abs=7e-5), word


@given(texts_of_a_corpus, st.integers(1, 3), st.integers(2, 12), st.sampled_from([0.0, 0.7654321]), st.integers(1, 4))
@example(some_texts(1, 8, 20), 2, 12, 0.0, 2)
@example(some_texts(2, 8, 20), 3, 3, 0.7654321, 1)
def test_description_length(
    twins: ModuleType, texts: list[str], min_count: int, max_length: int, min_pmi: float, threads: int
) -> None:
    options: dict[str, Any] = {"min_count": min_count, "max_length": max_length, "min_pmi": min_pmi, "min_score": 0}
    texts = list(dict.fromkeys(texts))
    twin = twins.find_by_description_length(texts, Weights(), FUNCTION_CHARACTERS, **options)
    assume(twin.doubt > 1e-5)
    check(nt.find_new_words(texts, threads=threads, **options), twin)


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_defaults(twins: ModuleType, seed: int, interpreted: bool) -> None:
    texts = some_texts(seed, 10 if interpreted else 40, 20)
    twin = twins.find_by_description_length(texts, Weights(), FUNCTION_CHARACTERS)
    assert twin.doubt > 1e-5  # else take another seed: a comparison of two floats hangs on the last bit
    table = nt.find_new_words(texts)
    check(table, twin)
    if not interpreted:
        assert {"𠮷野家", "K线图", "自然语言", "5G手机"} <= set(words_of(table))


def test_function_characters_are_those_of_the_notes() -> None:
    common = "的了在是和与及也都就而不又还很更最被把对从向于以为之其这那此每各某我你他她它们吗呢吧啊着过地得"
    assert set("的了在是和与也都就不我你他她它们这那個個這還們") <= FUNCTION_CHARACTERS
    assert len(FUNCTION_CHARACTERS.intersection(common)) > 40


# ---- columns and order


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("texts", [["。"], ["命"], ["研究生命起源"], ["研究生命，研究"] * 3, ["a"], ["2024"]])
def test_columns_also_of_empty_tables(method: str, texts: list[str]) -> None:
    schema = pa.schema({**COLUMNS, **MORE[method]})
    assert nt.find_new_words(texts, method=method).schema.equals(schema)
    assert nt.find_new_words(texts, method=method, min_score=1e9).schema.equals(schema)
    assert nt.find_new_words(texts, method=method, **LOOSE).schema.equals(schema)


@pytest.mark.parametrize("method", METHODS)
def test_no_word_in_a_text_without_repeats(method: str) -> None:
    assert nt.find_new_words(["天地玄黄宇宙洪荒", "日月盈昃"], method=method).num_rows == 0


@given(texts_of_a_corpus, st.sampled_from(METHODS))
@example(["甲乙，丙丁", "甲乙。丙丁", "丙丁", "𠮷野，𠮷野，𠮷野", "龍龘，龍龘，龍龘"], "entropy")
def test_order(texts: list[str], method: str) -> None:
    rows = nt.find_new_words(texts, method=method, **LOOSE, min_score=0).to_pylist()
    assert all(row["count"] >= 1 and row["documents"] <= row.get("occurrences", row["count"]) for row in rows)
    order = [(-row["score"], -row["count"], row["word"]) for row in rows]
    assert order == sorted(order)
    assert len({row["word"] for row in rows}) == len(rows)


@given(texts_of_a_corpus, st.sampled_from(METHODS), st.integers(1, 4), st.integers(1, 200))
@example(some_texts(5, 30, 20), "mdl", 4, 50)
@example(some_texts(5, 30, 20), "cohesion", 3, 100)
@example(some_texts(5, 30, 20), "entropy", 2, 1)
def test_threads_and_batches_change_no_value(texts: list[str], method: str, threads: int, batch_bytes: int) -> None:
    options = LOOSE if method != "mdl" else {"min_score": 0}
    one = nt.find_new_words(texts, method=method, threads=1, **options)
    corpus = nt.open_corpus(texts, batch_bytes=batch_bytes)
    assert nt.find_new_words(corpus, method=method, threads=threads, **options).equals(one)


@pytest.mark.parametrize("method", METHODS)
def test_any_kind_of_corpus(tmp_path: Path, method: str) -> None:
    texts = some_texts(6, 30, 20)
    (tmp_path / "corpus.txt").write_text("\n".join(texts), encoding="utf-8")
    table = pa.table({"text": pa.array(texts)})
    options = LOOSE if method != "mdl" else {"min_score": 0}
    one = nt.find_new_words(texts, method=method, **options)
    assert one.num_rows > 10
    for corpus in (table, iter(texts), tuple(texts), tmp_path / "corpus.txt", str(tmp_path / "corpus.txt")):
        assert nt.find_new_words(corpus, method=method, **options).equals(one)


def test_equal_documents_count_once() -> None:
    texts = some_texts(7, 12, 20)
    one = nt.find_new_words(texts, min_score=0)
    assert one.num_rows > 5
    assert nt.find_new_words(texts + texts[::-1] * 2, min_score=0).equals(one)
    row = nt.find_new_words(["研究", "研究", "研究。"], method="entropy", **LOOSE).to_pylist()[0]
    assert (row["word"], row["count"], row["documents"]) == ("研究", 2, 2)


def test_progress_and_log() -> None:
    texts, steps, lines = some_texts(8, 30, 20), list[int](), list[str]()
    nt.find_new_words(nt.open_corpus(texts, batch_bytes=200), progress=steps.append, log=lines.append)
    assert sum(steps) == sum(len(text.encode()) for text in texts)
    assert [line.split(":")[0] for line in lines][:2] == ["text", "n-grams"]


# ---- options


@pytest.fixture(scope="module")
def page() -> list[str]:
    return some_texts(9, 40, 20)


@pytest.mark.parametrize("method", METHODS)
def test_top(page: list[str], method: str) -> None:
    options = {"method": method, **(LOOSE if method != "mdl" else {"min_score": 0})}
    whole = nt.find_new_words(page, **options)
    assert whole.num_rows > 5
    for top in (1, 3, whole.num_rows, 10**9):
        assert nt.find_new_words(page, top=top, **options).equals(whole.slice(0, top))


def test_top_counts_what_is_left(page: list[str], tmp_path: Path) -> None:
    whole = words_of(nt.find_new_words(page, min_score=0))
    path = tmp_path / "stop.txt"
    path.write_text("\n".join(whole[:2]), encoding="utf-8")
    assert words_of(nt.find_new_words(page, min_score=0, stopwords=path, top=2)) == whole[2:4]


@pytest.mark.parametrize("method", METHODS)
def test_least_values(page: list[str], method: str) -> None:
    whole = nt.find_new_words(page, method=method, **LOOSE, min_score=0).to_pylist()
    floor = sorted(row["score"] for row in whole)[len(whole) // 2] + 1e-5
    cut = nt.find_new_words(page, method=method, **LOOSE, min_score=floor).to_pylist()
    assert cut == [row for row in whole if row["score"] >= floor]
    for name, column in (("min_pmi", "pmi"), ("min_count", "count"), ("max_length", "word")):
        value = {"min_pmi": 1.2345678, "min_count": 7, "max_length": 3}[name]
        rows = nt.find_new_words(page, **{"method": method, "min_score": 0, **LOOSE, name: value}).to_pylist()
        assert rows
        for row in rows:
            if name == "max_length":
                runs = row["word"].replace("5G", "x") if method == "mdl" else row["word"]
                assert len(runs) <= value
            else:
                assert row[column] >= value - 1e-4 or (method, name) == ("cohesion", "min_pmi")
    rows = nt.find_new_words(page, method=method, **{**LOOSE, "min_entropy": 1.5, "min_score": 0}).to_pylist()
    assert rows
    assert min(min(row["left_entropy"], row["right_entropy"]) for row in rows) >= 1.5


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


DICTIONARIES: list[str | bytes] = [
    "研究 1024 v\n自然语言 3 n\n不在其中 1 n\n",
    "研究\n自然语言\n",
    "\ufeff研究 5\r\n\r\n自然语言\t7\r\n",
    "  研究  \n自然语言",
]


@pytest.mark.parametrize("data", DICTIONARIES)
def test_known_words(page: list[str], tmp_path: Path, data: str | bytes) -> None:
    path = write(tmp_path / "dict.txt", data)
    plain = nt.find_new_words(page, min_score=0)
    table = nt.find_new_words(page, min_score=0, known=[path])
    assert plain["known"].null_count == plain.num_rows
    assert table.drop_columns("known").equals(plain.drop_columns("known"))
    rows = table.to_pylist()
    assert {row["word"] for row in rows if row["known"]} == {"研究", "自然语言"}
    assert all(row["known"] is (row["word"] in ("研究", "自然语言")) for row in rows)


def test_several_dictionaries(page: list[str], tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.txt", "研究"), str(write(tmp_path / "b.txt", "自然语言\n研究"))]
    rows = nt.find_new_words(page, min_score=0, known=paths).to_pylist()
    assert {row["word"] for row in rows if row["known"]} == {"研究", "自然语言"}


@pytest.mark.parametrize("as_text", [False, True])
def test_one_dictionary_needs_no_list(page: list[str], tmp_path: Path, as_text: bool) -> None:
    path = write(tmp_path / "dict.txt", "研究")
    rows = nt.find_new_words(page, min_score=0, known=str(path) if as_text else path).to_pylist()
    assert {row["word"] for row in rows if row["known"]} == {"研究"}


def test_new_only(page: list[str], tmp_path: Path) -> None:
    path = write(tmp_path / "dict.txt", "研究 3 v\n")
    every = nt.find_new_words(page, method="entropy", **LOOSE, known=[path]).to_pylist()
    table = nt.find_new_words(page, method="entropy", **LOOSE, known=[path], new_only=True)
    left_out = [row for row in every if row["known"] or {row["word"][0], row["word"][-1]} & FUNCTION_CHARACTERS]
    assert table.to_pylist() == [row for row in every if row not in left_out]
    assert any(not row["known"] for row in left_out)
    assert "研究" not in words_of(table)
    assert "自然语言" in words_of(table)


def test_stopwords(page: list[str], tmp_path: Path) -> None:
    path = write(tmp_path / "stop.txt", "研究\n生命\n")
    every = nt.find_new_words(page, min_score=0)
    rows = nt.find_new_words(page, min_score=0, stopwords=path).to_pylist()
    assert rows == [row for row in every.to_pylist() if row["word"] not in ("研究", "生命")]
    assert len(rows) < every.num_rows


@pytest.mark.parametrize("option", ["known", "stopwords"])
def test_dictionaries_that_cannot_be_used(tmp_path: Path, option: str) -> None:
    def refused(path: Path, *words: str) -> None:
        with pytest.raises(nt.InputError) as caught:
            options: dict[str, Any] = {option: [path] if option == "known" else path}
            nt.find_new_words(["研究，研究"], **options)
        message = str(caught.value)
        assert str(path) in message
        assert "\n" not in message
        assert all(word in message for word in words), message

    refused(tmp_path / "nowhere.txt", "there is no such", "check the path")
    refused(write(tmp_path / "gb.txt", "研究\n".encode("gb18030")), "not UTF-8", "iconv")
    refused(write(tmp_path / "empty.txt", ""), "no word")
    refused(write(tmp_path / "blank.txt", "\ufeff \r\n\t\n"), "no word")
    refused(tmp_path, "directory")


def test_script(tmp_path: Path) -> None:
    texts = [f"我在{a}看到{b}。" for a, b in zip(["臺灣", "台湾"] * 6, "山海雨花樹鳥河石雲草路田", strict=True)]
    known = write(tmp_path / "dict.txt", "臺灣\n")

    def find(**options: Any) -> dict[str, Any]:
        table = nt.find_new_words(texts, method="entropy", **LOOSE, known=[known], **options)
        return {row["word"]: row for row in table.to_pylist()}

    kept = find()
    assert (kept["臺灣"]["count"], kept["台湾"]["count"]) == (6, 6)
    assert (kept["臺灣"]["known"], kept["台湾"]["known"]) == (True, False)
    simplified = find(script="simplified")
    assert simplified["台湾"]["count"] == 12
    assert simplified["台湾"]["known"]
    assert "臺灣" not in simplified
    traditional = find(script="traditional")
    assert not any("湾" in word for word in traditional)
    assert sum(row["count"] for word, row in traditional.items() if word in ("臺灣", "台灣")) == 12


def test_script_of_documents_with_lines_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("臺灣\n臺灣人\n", encoding="utf-8")
    corpus = nt.open_corpus(tmp_path / "a.txt", document_per="file")
    table = nt.find_new_words(corpus, method="entropy", script="simplified", **LOOSE)
    first = table.to_pylist()[0]
    assert (first["word"], first["count"], first["documents"]) == ("台湾", 2, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"min_count": 0}, ["min_count=0", "1 or more"]),
        ({"min_count": -5}, ["min_count=-5"]),
        ({"top": 0}, ["top=0", "1 or more"]),
        ({"max_length": 1}, ["max_length=1", "2 or more"]),
        ({"threads": 0}, ["threads=0", "1 or more"]),
        ({"method": "magic"}, ["method='magic'", "mdl", "cohesion", "entropy"]),
        ({"script": "latin"}, ["script='latin'", "keep", "simplified", "traditional"]),
        ({"min_pmi": math.nan}, ["min_pmi=nan"]),
        ({"min_entropy": math.nan}, ["min_entropy=nan"]),
        ({"min_score": math.nan}, ["min_score=nan"]),
        ({"new_only": True}, ["new_only", "--known"]),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(nt.OptionError) as caught:
        nt.find_new_words(["研究"], **options)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("texts", [[], [""], [" \n", "\t"]])
def test_nothing_to_read(texts: list[str]) -> None:
    with pytest.raises(nt.InputError, match="empty"):
        nt.find_new_words(texts)


# ---- words of a kind


def contexts(words: list[str], times: int) -> list[str]:
    """Put each word between neighbours that never come twice, up to 16 times."""
    before = "我想买 请看 这里有 他喜欢 今天说起 先说说 昨天的 最近 我家没有 谁懂 为什么 求问 听讲 新款 妈妈爱 关于"
    after = "怎么样 好用吗 多少钱 还可以 不错 为什么涨 没意思 ，谢谢 真贵 坏了 是啥 在哪里 会过期吗 便宜点 吃香 呢"
    lines = []
    for number, word in enumerate(words):
        shift = 5 * number % 16
        places = zip(before.split(), after.split()[shift:] + after.split()[:shift], strict=True)
        lines += [a + word + b for a, b in list(places)[:times]]
    return lines


def test_words_with_letters_and_digits_are_found_whole() -> None:
    wanted = ["K线图", "A股", "T恤", "5G手机", "维生素C", "卡拉OK", "Ｂ超"]
    found = words_of(nt.find_new_words(contexts(wanted, 12), min_score=0.3))
    assert {"K线图", "A股", "T恤", "5G手机", "维生素C", "卡拉OK", "B超"} <= set(found)
    assert not {"线图", "G手机", "恤", "股"} & set(found)


def test_full_and_half_width_letters_are_one() -> None:
    row = nt.find_new_words(["看K线图吧", "Ｋ线图呢", "有K线图", "Ｋ线图"], min_score=0).to_pylist()
    assert {row["word"]: row["count"] for row in row}["K线图"] == 4


def test_runs_that_stand_for_many_are_not_listed() -> None:
    texts = [f"{year}年的abc{year}号" for year in range(1990, 2020)]  # every run but one kind occurs once
    words = words_of(nt.find_new_words(texts, min_score=0))
    assert not any(character in word for word in words for character in "\ue000\ue001")


@pytest.mark.parametrize(
    "word", ["社会主义", "阿司匹林片", "中国人民大学", "中华人民共和国", "新疆维吾尔自治区", "中国科学院自动化研究所"]
)
def test_long_words(word: str) -> None:
    texts = contexts([word, "手机", "电脑"], 15)
    table = nt.find_new_words(texts, min_score=0)
    assert word in words_of(table)
    top = {row["word"]: row for row in table.to_pylist()}
    assert top[word]["count"] == 15
    assert word in words_of(nt.find_new_words(texts, method="cohesion", min_pmi=0.7))
    short = nt.find_new_words(texts, min_score=0, max_length=len(word) - 1)
    assert word not in words_of(short)


def test_ten_thousand_symbols_without_a_break(interpreted: bool) -> None:
    chance = random.Random(12)
    words = [word for word in WORDS if word not in "，。"]
    line = "".join(chance.choices(words, k=600 if interpreted else 5000))
    table = nt.find_new_words([line])
    assert set(words_of(table)) & {"𠮷野家", "自然语言", "5G手机"}
    for name in ("pmi", "left_entropy", "right_entropy", "score", "price", "standalone"):
        assert all(math.isfinite(value) for value in table[name].to_pylist())


# ---- the sample of our own


def test_planted_words_of_the_sample(interpreted: bool) -> None:
    rows = 400 if interpreted else 5000
    questions = [row["question"] for row in zhidao.sample_questions(rows, seed=0)]
    gold = [word for word in zhidao.gold_words() if all("\u4e00" <= c <= "\u9fff" for c in word)]
    different = dict.fromkeys(questions)
    planted = Counter({word: sum(text.count(word) for text in different) for word in gold})
    frequent = [word for word, count in planted.items() if count >= 8]
    assert interpreted or len(frequent) >= 50
    found = set(words_of(nt.find_new_words(questions)))
    missed = [word for word in frequent if word not in found]
    assert len(missed) <= (0.5 if interpreted else 0.1) * len(frequent), missed


def test_what_python_users_call() -> None:
    find: Callable[..., Any] = nt.find_new_words
    assert find.__doc__
    with pytest.raises(TypeError):
        find(["研究"], mincount=2)
