"""Vocabularies for other programs, each read by the program it is for."""

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.corpus import write_table
from nlptools.errors import InputError, OptionError, OutputError
from nlptools.segment.vocabulary import VocabularyFormat, export_vocabulary, read_words

WORDS = {
    "的": 50,
    "领导人": 12,
    "研究": 9,
    "生命": 8,
    "研究生": 7,
    "起源": 6,
    "长春": 5,
    "市长": 5,
    "长春市": 4,
    "，": 40,
    "命": 2,
    "5G": 3,
    "𠮷野家": 3,
}
TEXT = "领导人的研究生命的起源，长春市长研究生的研究"
NAMES: dict[VocabularyFormat, str] = {
    "jieba": "words.dict",
    "hanlp": "words.txt",
    "pkuseg": "words.txt",
    "ltp": "words.txt",
    "sentencepiece": "words.model",
    "tokenizers": "words.json",
}


def table(words: dict[str, int] | None = None) -> Any:
    counts = WORDS if words is None else words
    return pa.table({"word": pa.array(counts, pa.string()), "count": list(counts.values())})


def exported(folder: Path, format: VocabularyFormat, words: dict[str, int] | None = None, name: str = "") -> Path:
    path = folder / (name or NAMES[format])
    export_vocabulary(table(words), path, format)
    return path


def best_segmentation(text: str, scores: dict[str, float]) -> list[str]:
    """Return the most probable segmentation, by trying all words at all places; all characters are known."""
    best: list[tuple[float, list[str]]] = [(0.0, [])]
    for end in range(1, len(text) + 1):
        ways = [(best[start], text[start:end]) for start in range(end) if text[start:end] in scores]
        best.append(max((score + scores[word], [*words, word]) for (score, words), word in ways))
    return best[-1][1]


def scores_of(words: dict[str, int]) -> dict[str, float]:
    total = sum(words.values())
    characters = {character: 1 for word in words for character in word}
    return {word: math.log(count / total) for word, count in {**characters, **words}.items()}


def test_all_formats_are_tested() -> None:
    assert set(NAMES) == set(get_args(VocabularyFormat))


# ---- jieba


@pytest.fixture
def jieba_of(tmp_path: Path) -> Callable[[Path], Any]:
    jieba = pytest.importorskip("jieba")
    jieba.setLogLevel(60)

    def load(path: Path) -> Any:
        tokenizer = jieba.Tokenizer(dictionary=str(path))
        tokenizer.tmp_dir = str(tmp_path)  # where it caches
        tokenizer.initialize()
        return tokenizer

    return load


def test_jieba_with_our_dictionary_in_place_of_its_own(tmp_path: Path, jieba_of: Callable[[Path], Any]) -> None:
    path = exported(tmp_path, "jieba")
    assert path.read_text(encoding="utf-8").splitlines()[:3] == ["的 50", "， 40", "领导人 12"]
    tokenizer = jieba_of(path)
    assert {word: count for word, count in tokenizer.FREQ.items() if count} == WORDS
    assert tokenizer.total == sum(WORDS.values())
    found = tokenizer.lcut(TEXT, HMM=False)
    assert found == best_segmentation(TEXT, scores_of(WORDS))
    assert {"领导人", "研究", "生命", "起源"} <= set(found) <= set(WORDS)


def test_jieba_as_a_user_dictionary(tmp_path: Path, jieba_of: Callable[[Path], Any]) -> None:
    tokenizer = jieba_of(exported(tmp_path, "jieba", {"起源": 5}, "main.dict"))
    with exported(tmp_path, "jieba").open("rb") as file:
        tokenizer.load_userdict(file)
    assert {word: tokenizer.FREQ[word] for word in WORDS} == WORDS


# ---- HanLP, pkuseg, LTP: dictionaries beside a model

LONGER = [word for word in sorted(WORDS, key=lambda word: (-WORDS[word], word)) if len(word) > 1]


def test_hanlp_1_takes_word_nature_count(tmp_path: Path) -> None:
    path = exported(tmp_path, "hanlp", {**WORDS, "亿": 9, "亿万": 2**40})
    rows = [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row[0] for row in rows] == ["亿万", *LONGER]
    assert {row[1] for row in rows} == {"nz"}
    assert int(rows[0][2]) == 2**31 - 1  # a Java int
    assert rows[1][2] == "12"


def test_hanlp_2_takes_the_words_as_a_set(tmp_path: Path) -> None:
    hanlp_trie = pytest.importorskip("hanlp_trie", reason="hanlp-trie is not installed")
    lines = exported(tmp_path, "hanlp").read_text(encoding="utf-8").splitlines()
    dictionary = hanlp_trie.TrieDict({line.split()[0] for line in lines})
    assert dictionary.tokenize("领导人在长春市") == [(0, 3, True), (4, 7, True)]


def test_pkuseg(tmp_path: Path) -> None:
    path = exported(tmp_path, "pkuseg")
    assert path.read_text(encoding="utf-8").splitlines() == LONGER
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spacy_pkuseg = pytest.importorskip("spacy_pkuseg", reason="spacy-pkuseg is not installed")
    pieces, found, _ = spacy_pkuseg.Preprocesser(str(path)).solve("领导人在长春市")
    assert (pieces, found) == (["领导人", "在", "长春市"], [True, False, True])


def test_ltp(tmp_path: Path) -> None:
    path = exported(tmp_path, "ltp")
    words = path.read_text(encoding="utf-8").splitlines()
    assert words == LONGER
    algorithms = pytest.importorskip("ltp_extension.algorithms", reason="ltp-extension is not installed")
    hook = algorithms.Hook()
    for word in words:
        hook.add_word(word, 2)
    assert hook.hook("领导人在长春市", list("领导人在长春市")) == ["领导人", "在", "长春市"]


# ---- subword models

valid = st.characters(exclude_categories=["Cs"])
awkward_texts = st.one_of(
    st.sampled_from(["", TEXT, "𠮷野家5G", " 研究  生命 ", "\0\r\n\t", "<unk><s></s><0x41>", "👩‍👩‍👧é龘", "ａ\u3000b"]),
    st.text("研究生命的，<0x4unk> 1", max_size=20),
    st.text(valid, max_size=10),
)


@pytest.fixture(scope="module")
def unigram(tmp_path_factory: pytest.TempPathFactory) -> Any:
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    return tokenizers.Tokenizer.from_file(str(exported(tmp_path_factory.mktemp("json"), "tokenizers")))


def test_tokenizers_finds_the_best_segmentation(unigram: Any) -> None:
    encoding = unigram.encode(TEXT)
    assert encoding.tokens == best_segmentation(TEXT, scores_of(WORDS))
    assert [TEXT[start:end] for start, end in encoding.offsets] == encoding.tokens
    assert unigram.get_vocab_size() >= len(WORDS) + 257
    assert unigram.token_to_id("<unk>") == 0


@given(awkward_texts)
def test_tokenizers_gives_the_text_back(unigram: Any, text: str) -> None:
    assert unigram.decode(unigram.encode(text).ids, skip_special_tokens=False) == text


@given(st.text("".join(WORDS) + " aZ~", max_size=20))
def test_no_known_character_is_unknown(unigram: Any, text: str) -> None:
    encoding = unigram.encode(text)
    assert "".join(encoding.tokens) == text
    assert 0 not in encoding.ids


def test_the_log_probabilities_of_tokenizers(tmp_path: Path) -> None:
    model = json.loads(exported(tmp_path, "tokenizers", {"研究": 3, "究": 1}).read_text(encoding="utf-8"))["model"]
    scores = dict(model["vocab"])
    assert len(scores) == len(model["vocab"])
    assert scores["研究"] == pytest.approx(math.log(3 / 4))
    assert scores["究"] == scores["研"] == scores["a"] == pytest.approx(math.log(1 / 4))


@pytest.fixture(scope="module")
def sentencepiece() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its wrappers
        return pytest.importorskip("sentencepiece", reason="sentencepiece is not installed")


@pytest.fixture(scope="module")
def processor(sentencepiece: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = exported(tmp_path_factory.mktemp("model"), "sentencepiece")
    return sentencepiece.SentencePieceProcessor(model_file=str(path))


def test_sentencepiece_finds_the_best_segmentation(processor: Any) -> None:
    assert processor.encode(TEXT, out_type=str) == best_segmentation(TEXT, scores_of(WORDS))
    assert (processor.unk_id(), processor.bos_id(), processor.eos_id(), processor.pad_id()) == (0, 1, 2, -1)
    assert processor.is_unknown(0) and processor.is_control(1) and processor.is_byte(3)


@given(awkward_texts)
def test_sentencepiece_gives_the_text_back(processor: Any, text: str) -> None:
    assert processor.decode(processor.encode(text)) == text.replace("▁", " ")


def test_the_pieces_of_sentencepiece(processor: Any, tmp_path: Path) -> None:
    lines = exported(tmp_path, "sentencepiece", name="words.vocab").read_text(encoding="utf-8").splitlines()
    pieces = [line.split("\t") for line in lines]
    ids = range(processor.get_piece_size())
    assert [piece for piece, _ in pieces] == [processor.id_to_piece(i) for i in ids]
    assert [float(score) for _, score in pieces] == pytest.approx([processor.get_score(i) for i in ids], abs=1e-5)


def test_sentencepiece_trains_from_our_words(sentencepiece: Any, tmp_path: Path) -> None:
    seeds = exported(tmp_path, "sentencepiece", name="words.tsv")
    assert seeds.read_text(encoding="utf-8").splitlines()[2] == "领导人\t12"
    (tmp_path / "text.txt").write_text(f"{TEXT}\n" * 50, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "text.txt"),
        model_prefix=str(tmp_path / "trained"),
        seed_sentencepieces_file=str(seeds),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    trained = (tmp_path / "trained.vocab").read_text(encoding="utf-8")
    assert "领导人\t" in trained
    assert "\n究生\t" not in trained  # no seed


# ---- what is left out, and what is refused

BROKEN = ["", " ", "\u3000", "a b", "a\tb", "a\nb", "a\r", "\u2028", "a\x85", "\0", "\ufeff研究", "a\xa0b", "\x1fa"]


@pytest.mark.parametrize("format", NAMES)
def test_what_does_not_fit_on_a_line_is_left_out(tmp_path: Path, format: VocabularyFormat) -> None:
    plain = exported(tmp_path, format).read_bytes()
    words = pa.concat_tables([table(dict.fromkeys(BROKEN, 99)), table(), table({"没有": 0, "负的": -3})])
    words = pa.concat_tables([words, pa.table({"word": [None, "空的"], "count": [4, None]}, schema=words.schema)])
    words = words.append_column("score", pa.nulls(words.num_rows, pa.float64()))
    written = export_vocabulary(words, tmp_path / NAMES[format], format)
    assert written == len(LONGER if format in ("hanlp", "pkuseg", "ltp") else WORDS)
    assert (tmp_path / NAMES[format]).read_bytes() == plain


@given(st.dictionaries(st.text(valid, max_size=4), st.integers(-1, 5), max_size=8))
def test_every_line_is_a_word_and_its_count(tmp_path_factory: pytest.TempPathFactory, words: dict[str, int]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.dict"
    words |= {"研究": 7}
    export_vocabulary(table(words), path, "jieba")
    lines = path.read_bytes().decode().split("\n")[:-1]
    assert len(lines) == len({line.split()[0] for line in lines})
    for line in lines:
        word, count = line.split()
        assert count == str(words[word])
        assert word == word.strip("\ufeff")


def test_counts_of_equal_words_add(tmp_path: Path) -> None:
    path = tmp_path / "words.dict"
    words = pa.concat_tables([table({"研究": 3, "生命": 4}), table({"研究": 2})])
    assert export_vocabulary(words, path, "jieba") == 2
    assert path.read_text(encoding="utf-8") == "研究 5\n生命 4\n"


def test_min_count_and_top(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    assert export_vocabulary(table(), path, "ltp", min_count=6, top=2) == 2
    assert path.read_text(encoding="utf-8") == "领导人\n研究\n"
    assert export_vocabulary(table(), path, "jieba", min_count=40) == 2


def test_symbols_of_subword_models_are_no_words(tmp_path: Path) -> None:
    symbols = {"<unk>": 5, "<s>": 5, "<0x41>": 5, "▁的": 5, "研究": 1}
    for format, name in (("sentencepiece", "w.model"), ("sentencepiece", "w.tsv"), ("tokenizers", "w.json")):
        assert export_vocabulary(table(symbols), tmp_path / name, format) == 1  # type: ignore[arg-type]
    assert export_vocabulary(table(symbols), tmp_path / "w.dict", "jieba") == 5


def test_equal_words_give_equal_bytes(tmp_path: Path) -> None:
    other = pa.concat_tables([table()[5:], table()[:5]])
    for format, name in NAMES.items():
        export_vocabulary(other, tmp_path / f"other-{name}", format)
        assert (tmp_path / f"other-{name}").read_bytes() == exported(tmp_path, format).read_bytes()


def test_what_newwords_found(tmp_path: Path) -> None:
    lines = ["他在微信上抢红包", "微信红包怎么发", "微信群里发了红包", "抢到红包了", "用微信付款"] * 4
    found = nt.find_new_words(lines, method="mdl", min_count=2)
    assert found.num_rows
    direct = tmp_path / "direct.dict"
    export_vocabulary(found, direct, "jieba")
    for suffix in (".csv", ".tsv.gz", ".jsonl", ".parquet", ".arrow"):
        write_table(found, tmp_path / f"words{suffix}")
        words = read_words(tmp_path / f"words{suffix}")
        assert words.column_names == ["word", "count"]
        export_vocabulary(words, tmp_path / "read.dict", "jieba")
        assert (tmp_path / "read.dict").read_bytes() == direct.read_bytes()


def test_what_is_refused(tmp_path: Path) -> None:
    def refused(error: type[Exception], message: str, *arguments: Any, **options: Any) -> None:
        with pytest.raises(error, match=message):
            export_vocabulary(*arguments, **options)

    refused(OptionError, "format='xml' is not known: choose one of jieba", table(), tmp_path / "w", "xml")
    refused(OptionError, "min_count=0", table(), tmp_path / "w.dict", "jieba", min_count=0)
    refused(OptionError, "top=0", table(), tmp_path / "w.dict", "jieba", top=0)
    refused(OutputError, "suffix", table(), tmp_path / "w.txt", "sentencepiece")
    refused(OutputError, "HanLP", table(), tmp_path / "w.csv", "hanlp")
    refused(OutputError, "HanLP", table(), tmp_path / "my words.txt", "hanlp")
    refused(OutputError, "mkdir", table(), tmp_path / "none" / "w.dict", "jieba")
    refused(InputError, "no word is left", table({"的": 3}), tmp_path / "w.txt", "ltp")
    refused(InputError, "the columns are word, n", pa.table({"word": ["a"], "n": [1]}), tmp_path / "w.dict", "jieba")
    refused(InputError, "whole number", pa.table({"word": ["a"], "count": [1.5]}), tmp_path / "w.dict", "jieba")
    assert not list(tmp_path.iterdir())
    (tmp_path / "words.csv").write_text("word,count\n研究,many\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"words.csv: a count is no whole number"):
        read_words(tmp_path / "words.csv")
    (tmp_path / "words.csv").write_text("wort,count\n研究,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column 'word'"):
        read_words(tmp_path / "words.csv")
