"""Words of texts, against `str.split` and `str.splitlines`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.corpus import open_corpus
from nlptools.errors import InputError, OptionError
from nlptools.vectors import tokenize
from nlptools.vectors._token_kernels import DOCUMENT_END, LINE_END, find_words
from nlptools.vectors.tokenize import SegmenterTokenizer, Tokenizer, Tokens, make_tokenizer

Documents = list[list[list[str]]]

WHITE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2007\u200a\u2028\u2029\u202f\u205f\u3000"
ODD = "\0a研𠮷🙂é\u200b\u2030\u206f\u16a0\u3001\ufeff。ー\r\n"
TEXTS = st.lists(
    st.text(st.sampled_from(WHITE + ODD) | st.characters(exclude_categories=["Cs"]), max_size=30), max_size=8
)


def split(texts: list[str]) -> Documents:
    """The slow twin."""
    lines = [[line.split() for line in text.splitlines()] for text in texts]
    return [[words for words in document if words] for document in lines]


def documents_of(pieces: Iterator[Tokens]) -> Documents:
    """Make lists of words, and see to it that marks and hashes are right."""
    documents: Documents = []
    lines: list[list[str]] = [[]]
    word_of: dict[int, str] = {}
    for piece in pieces:
        for start, end, hashed in zip(piece.starts.tolist(), piece.ends.tolist(), piece.hashes.tolist(), strict=True):
            if start >= 0:
                lines[-1].append(piece.data[start:end].tobytes().decode())
                assert word_of.setdefault(hashed, lines[-1][-1]) == lines[-1][-1]
            elif start == LINE_END:
                lines.append([])
            else:
                assert start == DOCUMENT_END
                documents.append([line for line in lines if line])
                lines = [[]]
    assert lines == [[]]
    assert len(set(word_of.values())) == len(word_of)
    return documents


def batches_of(texts: list[str], size: int) -> Iterator[Any]:
    """Record batches of `size` texts, which do not begin at the beginning of their memory."""
    column = pa.array(["not this", *texts], pa.large_string())
    for start in range(1, len(texts) + 1, size):
        yield pa.RecordBatch.from_arrays([column.slice(start, size)], ["text"])


def found(tokenizer: Tokenizer, texts: list[str], size: int = 3, threads: int = 1) -> Documents:
    return documents_of(tokenizer.tokens(batches_of(texts, size), threads))


@given(TEXTS, st.integers(1, 4), st.integers(1, 3), st.integers(1, 50))
def test_words_stand_between_white_space(texts: list[str], size: int, threads: int, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenize, "PIECE", piece)
        assert found(make_tokenizer(), texts, size, threads) == split(texts)


def test_every_character(interpreted: bool) -> None:
    texts = [f"a{chr(code)}b" for code in range(0x3100 if interpreted else 0x20000) if not 0xD800 <= code < 0xE000]
    assert found(make_tokenizer(), texts, 5000) == split(texts)


def test_a_character_that_is_cut_off() -> None:
    """A text cannot end so, but the memory behind it is not read."""
    data = np.frombuffer(b"a\xe2\x80\xa8a\xe2\x80\xc2\xa0a\xe3", np.uint8)
    offsets = np.array([0, 3, 5, 7, 9, 11])
    room = tokenize._room(data, 20)
    n = find_words(data, offsets, tokenize._kinds(), *room[1:])
    spans = zip(room.starts[:n].tolist(), room.ends[:n].tolist(), strict=True)
    assert [(a, b) for a, b in spans if a >= 0] == [(0, 3), (3, 5), (5, 7), (9, 11)]


@given(TEXTS, st.randoms(use_true_random=False))
def test_lists_of_words(texts: list[str], random: Any) -> None:
    """White space is no word, whatever a segmenter says; a word may have some within."""

    class Cuts:
        def segment_batches(self, batches: Any, threads: int) -> Iterator[Any]:
            for batch in batches:
                lists = [cut(text) for text in batch.column("text").to_pylist()]
                words = pa.array([["before"], *lists], pa.list_(pa.string())).slice(1)
                yield pa.RecordBatch.from_arrays([words], ["words"])

    def cut(text: str) -> list[str]:
        places = sorted({0, len(text), *(random.randrange(len(text) + 1) for _ in range(4))})
        return all_cuts.setdefault(text, [text[a:b] for a, b in zip(places[:-1], places[1:], strict=True)])

    all_cuts: dict[str, list[str]] = {}
    tokenizer = SegmenterTokenizer(Cuts())  # type: ignore[arg-type]
    documents = found(tokenizer, texts)
    expected: Documents = []
    for text in texts:
        lines: list[list[str]] = [[]]
        for word in all_cuts[text]:
            if not word.isspace():
                lines[-1].append(word)
            elif len(word.splitlines()) > 1 or word.splitlines() == [""]:
                lines.append([])
        expected.append([line for line in lines if line])
    assert documents == expected


@pytest.mark.parametrize("threads", [1, 3])
def test_a_segmenter(segmenter: nt.Segmenter, tmp_path: Path, threads: int) -> None:
    lines = ["你好，世界！", "研究 生命\u3000𠮷 起源", "  ", "a\0b", "世界你好🙂 5G"]
    texts = ["\r\n".join(lines), "", *lines]
    segmented = [[[w for w in segmenter.segment(line) if w.strip()] for line in text.splitlines()] for text in texts]
    expected = [[words for words in document if words] for document in segmented]
    path = tmp_path / "model.seg"
    segmenter.save(path)
    for given_as in (segmenter, path, str(path)):
        assert found(make_tokenizer(given_as), texts, 2, threads) == expected


def test_jieba() -> None:
    jieba = pytest.importorskip("jieba")
    texts = ["杭研大厦，研究生命的起源\r\n C++  和 c#\n\n\u30005G 🙂", "", "𠮷野家\u2028你好\0"]
    expected = [
        [words for line in text.splitlines() if (words := [w for w in jieba.lcut(line) if w.strip()])] for text in texts
    ]
    assert found(make_tokenizer("jieba"), texts) == expected
    assert expected[0][0][0] == "杭研"  # which is not in the dictionary


def test_jieba_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(OptionError, match=r"jieba is not installed; install it \(pip install jieba\), or give"):
        make_tokenizer("jieba")


def test_no_such_segmenter(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.seg"):
        make_tokenizer(tmp_path / "none.seg")
    with pytest.raises(
        OptionError, match=r"segmenter=3 cannot work: give a segmenter, the path of a model, or 'jieba'"
    ):
        make_tokenizer(3)  # type: ignore[arg-type]


RAW = ["对见义勇为人员按照有关规定予以表彰奖励，在需要时为其提供法律援助。", "清末生于浙江宁波府镇海县 A 1914年"]


@pytest.mark.parametrize("batch_bytes", [1, 200, 1 << 20])
def test_nobody_has_segmented_it(batch_bytes: int) -> None:
    corpus = open_corpus(RAW * 9, batch_bytes=batch_bytes)
    with pytest.raises(InputError, match=r"13 characters stand between white space on average.* --segmenter MODEL"):
        list(make_tokenizer().tokens(corpus.batches(), 1))


def test_only_the_beginning_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenize, "LOOKED_AT", 8)
    for size in (1, 9):
        assert len(found(make_tokenizer(), ["一 二", *RAW], size)) == 3
        with pytest.raises(InputError, match="does not look segmented"):
            monkeypatch.setattr(tokenize, "LOOKED_AT", 80)
            found(make_tokenizer(), ["一 二", *RAW], size)
        monkeypatch.setattr(tokenize, "LOOKED_AT", 8)


@pytest.mark.parametrize(
    "text", [" ".join("".join(RAW)), "Donaudampfschifffahrtsgesellschaft " * 9, "中" * 8, "", "🙂" * 99]
)
def test_text_that_may_be_segmented(text: str) -> None:
    assert found(make_tokenizer(), [text]) == split([text])
