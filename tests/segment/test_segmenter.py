"""A segmenter: text in is text out, whatever is asked of it; evidence, batches, model files."""

import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nlptools as nt
from nlptools.corpus.array_file import read_arrays, write_arrays
from nlptools.segment import model as model_module
from nlptools.segment.gap_tagger import GapTagger
from nlptools.segment.lexicon import Lexicon
from nlptools.segment.lm_tagger import LmTagger
from nlptools.segment.model import Segmenter
from nlptools.segment.output import write_segmented

METHODS = ["lattice", "lm"]
LEXICON = Lexicon(
    {"研究生命": 9.0, "的研究": 3.0, "究，生": 9.0, "T恤2024": 9.0, " 的": 9.0, "😀👍": 9.0, "a\x00": 9.0}
)

hostile = st.one_of(
    st.text("研究生命起源的𠮷〇a1.，。 \r\n\x00😀👍é\u0301か\ud800\udc00", max_size=16),
    st.text(max_size=10),
    st.lists(st.sampled_from(["研究", "生命", "起源", "的", "，", "2024年", "T恤", "K线", "\u3000"]), max_size=7).map(
        "".join
    ),
)


@pytest.fixture(scope="session", params=[*METHODS, "lattice with a lexicon", "lm with a lexicon"])
def segmenter(request: pytest.FixtureRequest, models: dict[str, Segmenter]) -> Segmenter:
    method, *more = request.param.split(" ")
    return models[method].with_lexicon(LEXICON) if more else models[method]


@pytest.fixture(scope="session", params=METHODS)
def plain(request: pytest.FixtureRequest, models: dict[str, Segmenter]) -> Segmenter:
    return models[request.param]


@given(text=hostile)
def test_text_in_is_text_out(twins: ModuleType, segmenter: Segmenter, text: str) -> None:
    words = segmenter.segment(text)
    assert "".join(words) == text
    assert all(words)
    bounds = set(itertools.accumulate((len(unit) for _, unit in twins.units(text)), initial=0))
    assert set(itertools.accumulate(map(len, words), initial=0)) <= bounds  # a unit is never cut
    tokens = segmenter.tokens(text)
    assert [token.word for token in tokens] == words
    assert all(text[token.start : token.end] == token.word for token in tokens)
    assert all(0 <= token.probability <= 1 for token in tokens)
    assert "".join(segmenter.sample(text, 2.0, 7)) == text
    for found, p in segmenter.n_best(text, 3):
        assert "".join(found) == text
        assert p <= 1e-6


def test_awkward_texts(twins: ModuleType, segmenter: Segmenter) -> None:
    for text in [*twins.AWKWARD, "\ud83d\ude00", "\udfff研究\ud800\ud800", "".join(twins.AWKWARD)]:
        assert "".join(segmenter.segment(text)) == text
        assert "".join(token.word for token in segmenter.tokens(text)) == text
    assert segmenter.segment("") == segmenter.sample("") == []
    assert segmenter.tokens("") == []
    assert segmenter.n_best("") == [([], 0.0)]
    assert segmenter.segment("的") == ["的"]


@given(text=hostile)
def test_edges_are_words(twins: ModuleType, plain: Segmenter, text: str) -> None:
    """Punctuation, symbols and white space stand alone, and what is beyond them is of no account."""
    expected: list[str] = []
    for is_edge, run in itertools.groupby(twins.units(text), lambda unit: bool(unit[0] == twins.EDGE)):
        units = [unit for _, unit in run]
        expected += units if is_edge else plain.segment("".join(units))
    assert plain.segment(text) == expected


def every(segmenter: Segmenter, text: str) -> dict[tuple[str, ...], float]:
    """Return the probability of each segmentation."""
    return {tuple(words): math.exp(p) for words, p in segmenter.n_best(text, 5000)}


TEXTS = ["研究生命的起源", "研究，生命的，𠮷野家", "a研究1生", "的"]


@pytest.mark.parametrize("text", TEXTS)
def test_probabilities(twins: ModuleType, plain: Segmenter, text: str) -> None:
    """Of all segmentations they sum to 1; of a word they are those of all segmentations that have it."""
    found = every(plain, text)
    runs = itertools.groupby(twins.units(text), lambda unit: bool(unit[0] == twins.EDGE))
    assert len(found) == math.prod(2 ** (len(list(run)) - 1) for is_edge, run in runs if not is_edge)
    assert math.fsum(found.values()) == pytest.approx(1, abs=1e-5)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert found[tuple(plain.segment(text))] == pytest.approx(max(found.values()), rel=1e-4)
    for token in plain.tokens(text):
        having = [
            p
            for words, p in found.items()
            if (token.start, token.end) in itertools.pairwise(itertools.accumulate(map(len, words), initial=0))
        ]
        assert token.probability == pytest.approx(math.fsum(having), abs=1e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_the_best_of_all(plain: Segmenter, n: int) -> None:
    text = "研究生命的起源，研究生的，生命起源"
    whole = [p for _, p in plain.n_best(text, 50)]
    found = plain.n_best(text, n)
    assert len(found) == n
    np.testing.assert_allclose([p for _, p in found], whole[:n], atol=1e-6)
    assert len({tuple(words) for words, _ in found}) == n


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_samples(plain: Segmenter, temperature: float, interpreted: bool) -> None:
    text = "研究生，命的"
    weights = {words: p ** (1 / temperature) for words, p in every(plain, text).items()}
    whole = math.fsum(weights.values())
    times = 150 if interpreted else 3000
    drawn = Counter(tuple(plain.sample(text, temperature, seed)) for seed in range(times))
    for words, weight in weights.items():
        p = weight / whole
        assert abs(drawn[words] - times * p) <= 5 * math.sqrt(times * p * (1 - p)) + 1
    assert plain.sample(text, temperature, 5) == plain.sample(text, temperature, 5)


def test_temperatures_that_are_extreme(plain: Segmenter) -> None:
    text = "研究生命的起源，研究生"
    for temperature in (1e-4, 1e-300, 5e-324):
        assert plain.sample(text, temperature, 3) == plain.segment(text)
    assert "".join(plain.sample(text, 1e300, 2**62)) == text


def test_options_that_cannot_work(plain: Segmenter) -> None:
    for temperature in (0, -1, math.nan, math.inf):
        with pytest.raises(nt.OptionError, match="temperature"):
            plain.sample("研究", temperature)
    with pytest.raises(nt.OptionError, match="seed"):
        plain.sample("研究", seed=-1)
    for n in (0, -1, 1.5, True):
        with pytest.raises(nt.OptionError, match="n="):
            plain.n_best("研究", n)  # type: ignore[arg-type]
    for call in (plain.segment_batches, plain.segment_lines):
        with pytest.raises(nt.OptionError, match="threads"):
            list(call([], 0))


def test_a_lexicon(plain: Segmenter) -> None:
    """Its words are preferred, across punctuation too; of equal words that of the lexicon given last counts."""
    many = plain.with_lexicon(Lexicon({"命的起": 50.0, "研，究": 50.0}))
    assert many.segment("生命的起源，研，究") == ["生", "命的起", "源", "，", "研，究"]
    assert many.with_lexicon(Lexicon({"生命的": 500.0})).segment("生命的起")[0] == "生命的"
    if plain.tagger.method == "gaps":  # the best path of lm is another than the best gaps one by one
        for text in ("研究生命的起源", "我们在北京，今天天气好"):
            assert plain.with_lexicon(Lexicon({})).segment(text) == plain.segment(text)
            assert plain.with_lexicon(Lexicon({"没有": 5.0})).segment(text) == plain.segment(text)
    assert "lexicon of 2" in repr(many)
    assert plain.lexicon is None


# ---- batches

ROWS = ["研究生命，起源", None, "", "𠮷野家😀的研究", "  a\u3000b\n的 ", "\x00", "研究" * 50]


def batch_of(kind: Any = None, rows: Any = ROWS) -> pa.RecordBatch:
    numbers = pa.array(range(len(rows)), pa.int64())
    return pa.record_batch({"id": numbers, "text": pa.array(rows, kind or pa.large_string()), "more": numbers})


def segmented(segmenter: Segmenter, batches: list[pa.RecordBatch], **options: Any) -> pa.Table:
    found = list(segmenter.segment_batches(batches, **options))
    for batch in found:
        batch.validate(full=True)
    return pa.Table.from_batches(found)


KINDS = [pa.string(), pa.large_string(), pa.string_view()]


@pytest.mark.parametrize("kind", KINDS, ids=map(str, KINDS))
def test_batches(segmenter: Segmenter, kind: Any) -> None:
    expected = [None if row is None else segmenter.segment(row) for row in ROWS]
    batch = batch_of(kind)
    found = segmented(segmenter, [batch])
    assert found.column_names == ["id", "text", "more", "words"]
    assert found.schema.field("words").type == pa.list_(pa.string())
    assert found["words"].to_pylist() == expected
    assert found.select(batch.schema.names) == pa.Table.from_batches([batch])
    for start, size in itertools.product(range(len(ROWS) + 1), (0, 1, 3)):
        part = segmented(segmenter, [batch.slice(start, size)])
        assert part["words"].to_pylist() == expected[start : start + size]
        assert part["id"].to_pylist() == list(range(len(ROWS)))[start : start + size]
    lines = pa.Table.from_batches(list(segmenter.segment_lines([batch])))
    bare = [["".join(word.split()) for word in words or []] for words in expected]
    assert lines.to_pydict() == {"text": [" ".join(word for word in words if word) for words in bare]}


def test_pieces_and_threads_do_not_matter(
    segmenter: Segmenter, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*texts[:20], None, "", *ROWS]
    whole = segmented(segmenter, [batch_of(rows=rows)], threads=1, evidence=True)
    lines = pa.Table.from_batches(list(segmenter.segment_lines([batch_of(rows=rows)], threads=1)))
    for piece, threads, size in itertools.product((1, 50), (1, 3), (1, 1000)):
        monkeypatch.setattr(model_module, "PIECE", piece)
        batches = [batch_of(rows=rows[i : i + size]) for i in range(0, len(rows), size)]
        found = segmented(segmenter, batches, threads=threads, evidence=True)
        assert found["words"].to_pylist() == whole["words"].to_pylist()
        assert found["starts"].to_pylist() == whole["starts"].to_pylist()
        found = pa.Table.from_batches(list(segmenter.segment_lines(batches, threads=threads)))
        assert found["text"].to_pylist() == lines["text"].to_pylist()


def test_evidence(segmenter: Segmenter) -> None:
    found = segmented(segmenter, [batch_of().slice(1), batch_of()], evidence=True)
    assert found.column_names[-3:] == ["words", "starts", "probabilities"]
    assert found.schema.field("starts").type == pa.list_(pa.int32())
    assert found.schema.field("probabilities").type == pa.list_(pa.float32())
    for row in found.to_pylist():
        if row["text"] is None:
            assert row["words"] is row["starts"] is row["probabilities"] is None
            continue
        tokens = segmenter.tokens(row["text"])
        assert row["starts"] == [token.start for token in tokens]
        assert row["words"] == [token.word for token in tokens]
        np.testing.assert_allclose(row["probabilities"], [token.probability for token in tokens], atol=1e-5)


def test_other_columns(plain: Segmenter) -> None:
    batch = pa.record_batch({"content": ["研究生命"], "number": [1]}, metadata={"a": "b"})
    found = next(plain.segment_batches([batch], text="content"))
    assert found.schema.metadata == {b"a": b"b"}
    assert found["words"].to_pylist() == [plain.segment("研究生命")]
    for call in (plain.segment_batches, plain.segment_lines):
        with pytest.raises(nt.OptionError, match="the columns are content, number"):
            list(call([batch]))
        with pytest.raises(nt.OptionError, match="this column is of int64"):
            list(call([batch], text="number"))
    assert list(plain.segment_batches([])) == []
    assert next(plain.segment_batches([batch.slice(0, 0)], text="content")).num_rows == 0


def test_a_text_that_is_too_long(plain: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_module, "_MOST", 20)
    monkeypatch.setattr(model_module, "PIECE", 10)
    with pytest.raises(nt.InputError, match="cut it at lines"):
        plain.segment("研究生命起源的")
    with pytest.raises(nt.InputError, match="cut it at lines"):
        list(plain.segment_batches([batch_of(rows=["研究", "研究生命起源的"])]))


LONG = {
    "Han characters": lambda n: "研究生命的起源" * (n // 21),
    "one character": lambda n: "的" * (n // 3),
    "letters": lambda n: "a" * n,
    "digits": lambda n: "1" * n,
    "emoji": lambda n: "😀👍" * (n // 8),
    "blanks": lambda n: " " * n,
    "words and blanks": lambda n: "的 a，" * (n // 8),
    "NUL": lambda n: "\x00" * n,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_long_texts_without_a_break(segmenter: Segmenter, text: Callable[[int], str], interpreted: bool) -> None:
    long = text(600 if interpreted else 1 << 20)
    words = segmenter.segment(long)
    assert "".join(words) == long
    found = segmented(segmenter, [batch_of(rows=[long, "的"])])
    assert found["words"][0].as_py() == words


def test_ten_megabytes_without_a_break(models: dict[str, Segmenter], interpreted: bool) -> None:
    size = 1000 if interpreted else 10 << 20
    long = "研究生命的起源" * (size // 21)
    (line,) = models["lattice"].segment_lines([batch_of(rows=[long])])
    assert line["text"][0].as_py().replace(" ", "") == long


# ---- files


def same(first: Segmenter, other: Segmenter, texts: list[str]) -> bool:
    return (
        first.alphabet.characters == other.alphabet.characters
        and first.alphabet.folds == other.alphabet.folds
        and first.words() == other.words()
        and all(first.tokens(text) == other.tokens(text) for text in texts)
        and (first.lexicon and first.lexicon.bonuses) == (other.lexicon and other.lexicon.bonuses)
    )


def test_files(segmenter: Segmenter, texts: list[str], tmp_path: Path) -> None:
    segmenter.save(tmp_path / "a.seg")
    loaded = nt.load_segmenter(tmp_path / "a.seg")
    assert same(loaded, segmenter, [*texts[:20], "龘a1，"])
    assert loaded.facts == segmenter.facts
    assert repr(loaded) == repr(segmenter)
    loaded.save(str(tmp_path / "b.seg"))
    assert (tmp_path / "a.seg").read_bytes() == (tmp_path / "b.seg").read_bytes()
    with pytest.raises(nt.OutputError):
        segmenter.save(tmp_path / "missing" / "a.seg")


Load = Callable[[bytes], "Segmenter | None"]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a model of these bytes; None if it is refused, in one line that names it."""
    number = itertools.count()

    def call(content: bytes) -> Segmenter | None:
        path = tmp_path / f"{next(number)}.seg"
        path.write_bytes(content)
        try:
            return nt.load_segmenter(path)
        except nt.InputError as error:
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)
            return None

    return call


@pytest.fixture
def data(segmenter: Segmenter, tmp_path: Path) -> bytes:
    segmenter.save(tmp_path / "whole.seg")
    return (tmp_path / "whole.seg").read_bytes()


def test_damaged_files(segmenter: Segmenter, data: bytes, load: Load, interpreted: bool) -> None:
    draw = random.Random(3)
    # where the file is not all zeros, and anywhere
    places = [i for i in range(len(data)) if i < 5000 or i > len(data) - 5000]
    for round_ in range(20 if interpreted else 150):
        changed = bytearray(data)
        for _ in range(draw.choice([1, 1, 3, 40])):
            changed[draw.choice(places) if round_ % 4 else draw.randrange(len(data))] ^= draw.randrange(1, 256)
        found = load(bytes(changed))
        assert found is None or same(found, segmenter, ["研究生命的起源"])
    for _ in range(10):
        assert load(data[: draw.randrange(len(data))]) is None


def test_foreign_files(data: bytes, load: Load, tmp_path: Path) -> None:
    for content in (b"", "研究\n".encode(), bytes(1000), data[1:], data + b"x"):
        assert load(content) is None
    pq.write_table(pa.table({"word": ["研究"]}), tmp_path / "words.parquet")
    assert load((tmp_path / "words.parquet").read_bytes()) is None
    nt.train_lm(["研究"], order=2).save(tmp_path / "model.lm")
    with pytest.raises(nt.InputError, match="no segmenter of this version"):
        nt.load_segmenter(tmp_path / "model.lm")
    for path, remedy in ((tmp_path, "nlptools segment train"), (tmp_path / "missing.seg", "there is no such file")):
        with pytest.raises(nt.InputError, match=remedy):
            nt.load_segmenter(path)


def changed_arrays(name: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any], dict[str, str]], object]:
    return lambda arrays, _: arrays.update({name: change(arrays[name])})


Change = Callable[[dict[str, Any], dict[str, str]], object]

HOSTILE: dict[str, Change] = {
    "alphabet that is no UTF-8": changed_arrays("alphabet", lambda a: np.full(a.size, 0xFF, np.uint8)),
    "alphabet in another order": changed_arrays("alphabet", lambda a: np.roll(a, 3)),
    "alphabet that is shorter": changed_arrays("alphabet", lambda a: a[:-3]),
    "alphabet of letters": changed_arrays("alphabet", lambda a: np.arange(97, 100, dtype=np.uint8)),
    "folds that are no pair": changed_arrays("folds", lambda a: np.frombuffer("學".encode(), np.uint8)),
    "folds to nothing": changed_arrays("folds", lambda a: np.frombuffer("學龘".encode(), np.uint8)),
    "folds of letters": changed_arrays("folds", lambda a: np.frombuffer("a的".encode(), np.uint8)),
    "fewer counts": changed_arrays("counts", lambda a: a[1:]),
    "counts that are none": changed_arrays("counts", lambda a: a + 0.5),
    "no counts": lambda arrays, _: arrays.pop("counts"),
    "unknown method": lambda _, facts: facts.update(method="magic"),
    "no method": lambda _, facts: facts.pop("method"),
    "facts that are no JSON": lambda _, facts: facts.update(facts="{"),
    "lexicon without words": lambda arrays, _: arrays.update(lexicon=np.zeros(1, np.uint8)),
}
OF_TAGGERS: dict[str, dict[str, Change]] = {
    "lattice": {
        "weights of another size": changed_arrays("tagger.pairs", lambda a: a[:3]),
        "weights of another type": changed_arrays("tagger.pairs", lambda a: a.astype(np.float64)),
        "fewer symbols": changed_arrays("tagger.symbols", lambda a: a[:-1]),
        "no unit": changed_arrays("tagger.unit", lambda a: a * 0),
        "no weights": lambda arrays, _: arrays.pop("tagger.triples"),
    },
    "lm": {
        "fewer symbols": changed_arrays("tagger.unigram", lambda a: a[:-1]),
        "weights that cannot be": changed_arrays("tagger.weights", lambda a: -a),
        "fewer weights": changed_arrays("tagger.weights", lambda a: a[1:]),
        "a child beyond the end": changed_arrays("tagger.first_child", lambda a: a + a.dtype.type(1 << 30)),
        "symbols that are none": changed_arrays("tagger.symbols", lambda a: a + a.dtype.type(1 << 15)),
        "fewer n-grams": changed_arrays("tagger.log10_p", lambda a: a[1:]),
        "symbols of another type": changed_arrays("tagger.symbols", lambda a: a.astype(np.float32)),
        "children of another type": changed_arrays("tagger.first_child", lambda a: a.astype(np.int32)),
        "probabilities of another type": changed_arrays("tagger.log10_p", lambda a: a.astype(np.int64)),
        "unigrams that are none": changed_arrays("tagger.unigram", lambda a: a * np.float32("nan")),
        "no unigrams": lambda arrays, _: arrays.pop("tagger.unigram"),
    },
}
CASES = [(method, name) for method in METHODS for name in [*HOSTILE, *OF_TAGGERS[method]]]


@pytest.mark.parametrize(("method", "name"), CASES)
def test_hostile_files(models: dict[str, Segmenter], method: str, name: str, load: Load, tmp_path: Path) -> None:
    """Checksums are right, but the arrays make no model."""
    models[method].save(tmp_path / "model")
    mapped, facts = read_arrays(tmp_path / "model", "segmenter 2", "")
    arrays = {key: np.array(array) for key, array in mapped.items()}
    facts = {key: facts[key] for key in ("method", "facts")}
    write_arrays(tmp_path / "same", "segmenter 2", arrays, facts)
    assert load((tmp_path / "same").read_bytes()) is not None
    {**HOSTILE, **OF_TAGGERS[method]}[name](arrays, facts)
    write_arrays(tmp_path / "changed", "segmenter 2", arrays, facts)
    assert load((tmp_path / "changed").read_bytes()) is None


# ---- output


def test_output(plain: Segmenter, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    texts = ["研究，生命的起源", "", "𠮷野家\n的 a"]
    batch = pa.record_batch({"document": pa.array([0, 1, 2], pa.int64()), "text": pa.array(texts, pa.large_string())})
    words = [plain.segment(text) for text in texts]
    lines = "".join(" ".join(word for word in found if word.strip()) + "\n" for found in words)
    assert write_segmented(plain, [batch], tmp_path / "words.txt") == 3
    assert (tmp_path / "words.txt").read_text(encoding="utf-8") == lines
    capsysbinary.readouterr()
    assert write_segmented(plain, [batch, batch]) == 6
    assert capsysbinary.readouterr().out.decode() == lines * 2
    assert write_segmented(plain, [batch], tmp_path / "words.jsonl") == 3
    rows = [json.loads(line) for line in (tmp_path / "words.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["words"] for row in rows] == words
    assert [row["document"] for row in rows] == [0, 1, 2]
    assert [row["starts"] for row in rows] == [[token.start for token in plain.tokens(text)] for text in texts]
    assert write_segmented(plain, [batch], tmp_path / "words.parquet") == 3
    assert pq.read_table(tmp_path / "words.parquet")["words"].to_pylist() == words
    with pytest.raises(nt.OutputError, match="suffix"):
        write_segmented(plain, [batch], tmp_path / "words.xyz")


def test_taggers(models: dict[str, Segmenter]) -> None:
    assert isinstance(models["lattice"].tagger, GapTagger)
    assert isinstance(models["lm"].tagger, LmTagger)
