"""JoSE against plain numpy in float64, one hinge after the other; finite differences; and texts of which we know the topics."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.errors import OptionError
from nlptools.vectors import _jose_kernels as kernels
from nlptools.vectors import jose
from nlptools.vectors._skipgram_kernels import seed_random
from nlptools.vectors.jose import JoseState, document_ends, learn_jose, piece_bounds, sampling_of, start_jose
from nlptools.vectors.jose_options import JoseOptions
from nlptools.vectors.tokenize import make_tokenizer
from nlptools.vectors.word_ids import WordIds, read_word_ids

Float = NDArray[np.float64]

DOCUMENTS = st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=5)
"""How many words each line of each document has."""

OBJECTIVES = pytest.mark.parametrize("objective", ["reference", "paper", "centroid"])
MODES = pytest.mark.parametrize("deterministic", [False, True])


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pieces, draws and rounds in a small text."""
    monkeypatch.setattr(jose, "PIECE", 24)
    monkeypatch.setattr(jose, "DRAW", 32)
    monkeypatch.setattr(jose, "BLOCK", 4)
    monkeypatch.setattr(jose, "LANES", 3)
    monkeypatch.setattr(jose, "ROUND", 2)


def text_of(documents: list[list[list[int]]], words: int) -> WordIds:
    """Documents of lines of numbers, with the marks of `WordIds`."""
    ids: list[int] = []
    for lines in documents:
        for line in filter(None, lines):
            ids += [*line, -1]
        ids[-1:] = [-2] if any(lines) else [*ids[-1:], -2]
    array = np.array(ids, np.int32)
    counts = np.maximum(1, np.bincount(array[array >= 0], minlength=words)).astype(np.int64)
    return WordIds(pa.array(map(str, range(words)), pa.large_string()), counts, array, int(counts.sum()))


def some_text(lengths: list[list[int]], words: int = 7, seed: int = 1) -> WordIds:
    random = np.random.default_rng(seed)
    return text_of([[random.integers(0, words, n).tolist() for n in lines] for lines in lengths], words)


def options_of(**options: Any) -> JoseOptions:
    return JoseOptions(**{"vector_size": 6, "window": 2, "epochs": 2, "workers": 1, "sample": 0.0, **options})


def trained(text: WordIds, options: JoseOptions) -> JoseState:
    state = start_jose(text, options)
    learn_jose(text, options, state)
    return state


TEXT = some_text([[9, 5], [], [1], [30], [8, 8, 8], [12], [17, 3], [25], [2], [40]])


def unit(x: Float) -> Float:
    return x / np.linalg.norm(x)


class SlowSphere:
    """The three matrices in float64, and what a block changes of them."""

    def __init__(self, sphere: kernels.Sphere) -> None:
        self.vectors, self.contexts, self.documents = (np.array(matrix, float) for matrix in sphere)

    def moves(
        self, draw: kernels.Draw, size: int, b: int, hinge: kernels.Hinge, alpha: float
    ) -> tuple[list[tuple[Float, int, Float, float]], float, int]:
        """Change documents, and return of words: matrix, row, what is added, what it shrinks by; loss; pairs."""
        block, noise = jose.BLOCK, draw.noise[b]
        added: defaultdict[tuple[str, int], Any] = defaultdict(lambda: [0, np.zeros(self.vectors.shape[1]), 0.0])
        loss, pairs = 0.0, 0

        def toward(kind: str, place: int, word: int, step: Float, shrink: float) -> None:
            entry = added[kind, place]
            entry[0], entry[1], entry[2] = word, entry[1] + step, entry[2] + shrink

        at = 0
        for i in range(b * block, min(size, (b + 1) * block)):
            word = draw.words[i]
            v, d = self.contexts[word], int(draw.documents[i])
            for j in range(draw.low[i], draw.high[i]):
                if i == j:
                    continue
                pairs += 1
                u = self.vectors[draw.words[j]]
                for _ in range(hinge.negative):
                    at = (at + 1) % noise.size
                    un, document = self.vectors[noise[at]], self.documents[d]
                    f, h = u @ v, un @ v
                    if hinge.joint:
                        f, h = u @ (v + document), un @ (v + document)
                    if f - h >= hinge.margin or noise[at] == word:
                        continue
                    loss += hinge.margin - (f - h)
                    if hinge.joint:
                        target, apart = v + document, np.linalg.norm(u - un) or 1
                        near, far = 1 - f / np.linalg.norm(target), 1 + h / np.linalg.norm(target)
                        both = 1 - (u - un) @ v / apart
                        x = alpha * (1 - (u - un) @ document / apart)
                        self.documents[d] = unit(document + x * (u - un - (u - un) @ document * document))
                    else:
                        target, near, far, both = v, 1 - f, 2 * h, 1 - (f - h)
                    toward("word", j, draw.words[j], alpha * near * target, alpha * near * f)
                    toward("noise", at, noise[at], -alpha * far * target, -alpha * far * h)
                    toward("context", i, word, alpha * both * (u - un), alpha * both * (u - un) @ v)
        at = 0
        for i in range(b * block, min(size, (b + 1) * block)) if not hinge.joint else []:
            word, d = draw.words[i], int(draw.documents[i])
            for _ in range(hinge.negative if draw.told[i] else 0):
                at = (at + 1) % noise.size
                u, un, document = self.vectors[word], self.vectors[noise[at]], self.documents[d]
                f, h = u @ document, un @ document
                if f - h >= hinge.document_margin or noise[at] == word:
                    continue
                toward("word", i, word, alpha * (1 - f) * document, alpha * (1 - f) * f)
                toward("noise", at, noise[at], -alpha * 2 * h * document, -alpha * 2 * h * h)
                self.documents[d] = unit(document + alpha * (1 - (f - h)) * (u - f * document + h * document - un))
        matrix = {"context": self.contexts, "word": self.vectors, "noise": self.vectors}
        order = ["context", "word", "noise"]
        rows = sorted(added.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
        return [(matrix[kind], word, step, shrink) for (kind, _), (word, step, shrink) in rows], loss, pairs

    @staticmethod
    def move(moves: list[tuple[Float, int, Float, float]]) -> None:
        for matrix, row, step, shrink in moves:
            matrix[row] = unit(matrix[row] * (1 - shrink) + step)

    def assert_close(self, sphere: kernels.Sphere) -> None:
        for slow, fast in zip((self.vectors, self.contexts, self.documents), sphere, strict=True):
            assert np.abs(slow - fast).max(initial=0) < 2e-4


def blocks_of(size: int) -> range:
    return range(-(-size // jose.BLOCK))


@OBJECTIVES
@given(lengths=DOCUMENTS, seed=st.integers(0, 99))
def test_blocks_are_as_one_hinge_after_the_other(objective: str, lengths: list[list[int]], seed: int) -> None:
    rare = {} if objective == "paper" else {"document_sample": 0.1}
    text, options = some_text(lengths, seed=seed), options_of(objective=objective, seed=seed, **rare)
    sphere, slow = (make := start_jose(text, options).sphere), SlowSphere(make)
    hinge = kernels.Hinge(2, 0.5, 0.7, objective == "paper")
    draw, scratch, changes = jose._draw(options), jose._scratch(options), jose._changes(options, 1)
    at = document = 0
    random = seed_random(seed, 0, 0)
    while at < text.ids.size:
        size, at, document = kernels.draw(
            text.ids, at, text.ids.size, document, sampling_of(text.counts, options), 2, jose.BLOCK, random, draw
        )
        for b in blocks_of(size):
            told = kernels.learn_block(draw, size, b, hinge, 0.1, sphere, scratch, changes, 0)
            moves, loss, pairs = slow.moves(draw, size, b, hinge, 0.1)
            kernels.add_changes(draw, size, b, 0, 2, sphere, changes, 0)
            kernels.add_changes(draw, size, b, 1, 2, sphere, changes, 0)
            slow.move(moves)
            assert told == pytest.approx((loss, pairs), abs=1e-3)
            slow.assert_close(sphere)


def one_pair(options: JoseOptions, alone: bool) -> tuple[kernels.Draw, int]:
    """Word 0 beside word 1, or alone, in document 0; noise word 2."""
    draw = jose._draw(options)
    draw.words[:2] = 0, 1
    draw.told[:2] = True
    draw.low[:2], draw.high[:2] = (0, 1), (2, 1)
    if alone:
        draw.high[0] = 1
    draw.noise[:] = 2
    return draw, 1 if alone else 2


def sphere_of(u: Float, noise: Float, v: Float, d: Float, word: Float) -> kernels.Sphere:
    """Vectors of words 0, 1, 2; context of word 0; document 0."""
    return kernels.Sphere(
        np.array([word, u, noise], np.float32), np.array([v, v, v], np.float32), np.array([d], np.float32)
    )


def moved(options: JoseOptions, sphere: kernels.Sphere, hinge: kernels.Hinge, alpha: float, alone: bool) -> None:
    draw, size = one_pair(options, alone)
    changes = jose._changes(options, 1)
    kernels.learn_block(draw, size, 0, hinge, alpha, sphere, jose._scratch(options), changes, 0)
    kernels.add_changes(draw, size, 0, 0, 1, sphere, changes, 0)


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_one_hinge_in_the_order_of_the_reference_program(seed: int, alone: bool) -> None:
    """ALGORITHMS 5.2.3, word for word; with a word alone its document has the part of the context."""
    random, options, alpha = np.random.default_rng(seed), options_of(negative=1, vector_size=9), 0.3
    u, un, v = map(unit, random.normal(size=(3, 9)))
    if alone:
        sphere, margin = sphere_of(unit(random.normal(size=9)), un, unit(random.normal(size=9)), v, u), 2.5
    else:  # the document's hinges are closed
        word = unit(u + 0.1 * random.normal(size=9))
        sphere, margin = sphere_of(u, un, v, unit(u + word - 2 * un), word), float((u - un) @ v) + 0.01
        assert all((x - un) @ unit(u + word - 2 * un) > margin for x in (u, word))
    moved(options, sphere, kernels.Hinge(1, margin, margin, False), alpha, alone)
    f, h = v @ u, v @ un
    e = u - f * v + h * v - un
    new_u = unit(u + alpha * (1 - f) * (v - f * u))
    new_un = unit(un + alpha * 2 * h * (h * un - v))
    new_v = unit(v + alpha * (1 - (f - h)) * e)
    found = (sphere.vectors[0], sphere.documents[0]) if alone else (sphere.vectors[1], sphere.contexts[0])
    for is_now, wanted in zip((*found, sphere.vectors[2]), (new_u, new_v, new_un), strict=True):
        assert is_now == pytest.approx(wanted, abs=1e-5)


def gradient(loss: Callable[[list[Float]], float], points: list[Float], place: int) -> Float:
    """Central differences by one of the points."""

    def at(x: Float) -> float:
        return loss([*points[:place], x, *points[place + 1 :]])

    x = points[place]
    return np.array([(at(x + 1e-5 * e) - at(x - 1e-5 * e)) / 2e-5 for e in np.eye(x.size)])


def retracted(x: Float, euclidean: Float, rate: float) -> Float:
    """R_x of a step against the Riemannian gradient."""
    z = -rate * (euclidean - (x @ euclidean) * x)
    return (x + z) / np.linalg.norm(x + z)


@pytest.mark.parametrize("seed", range(5))
def test_paper_against_finite_differences(seed: int) -> None:
    random, options, alpha = np.random.default_rng(seed), options_of(negative=1, vector_size=9), 0.3
    u, un, v, d, word = map(unit, random.normal(size=(5, 9)))
    sphere = sphere_of(u, un, v, d, word)
    moved(options, sphere, kernels.Hinge(1, 4.1, 4.1, True), alpha, False)

    def loss(points: list[Float]) -> float:
        u, un, v, d = points
        return max(0.0, 4.1 - float(v @ u + u @ d - un @ v - un @ d))

    points = [u, un, v, d]
    now = [sphere.vectors[1], sphere.vectors[2], sphere.contexts[0], sphere.documents[0]]
    for place, (x, is_now) in enumerate(zip(points, now, strict=True)):
        euclidean = gradient(loss, points, place)
        rate = float(alpha * (1 + x @ euclidean / np.linalg.norm(euclidean)))
        assert is_now == pytest.approx(retracted(x, euclidean, rate), abs=1e-4)
    assert sphere.vectors[0] == pytest.approx(word, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_reference_against_finite_differences(seed: int) -> None:
    random, options, alpha = np.random.default_rng(seed), options_of(negative=1, vector_size=9), 0.3
    u, un, d, v, other = map(unit, random.normal(size=(5, 9)))
    sphere = sphere_of(other, un, v, d, u)
    moved(options, sphere, kernels.Hinge(1, 2.1, 2.1, False), alpha, True)

    def loss(points: list[Float]) -> float:
        u, un, d = points
        return max(0.0, 2.1 - float(u @ d - un @ d))

    points, factors = [u, un, d], [1 - u @ d, 2 * un @ d, 1 - (u - un) @ d]
    now = [sphere.vectors[0], sphere.vectors[2], sphere.documents[0]]
    for place, (x, factor, is_now) in enumerate(zip(points, factors, now, strict=True)):
        euclidean = gradient(loss, points, place)
        assert is_now == pytest.approx(retracted(x, euclidean, float(alpha * factor)), abs=1e-4)


@pytest.mark.parametrize("joint", [False, True])
def test_closed_hinges_change_nothing(joint: bool) -> None:
    options = options_of(negative=1, vector_size=9)
    u, un, *_ = np.eye(9)
    sphere = sphere_of(u, un, u, u, u)
    before = [matrix.copy() for matrix in sphere]
    moved(options, sphere, kernels.Hinge(1, 0.15, 0.15, joint), 0.3, False)
    assert all((now == then).all() for now, then in zip(sphere, before, strict=True))


@given(lengths=DOCUMENTS, window=st.integers(1, 4), sample=st.sampled_from([0.0, 0.05]))
def test_what_is_drawn(lengths: list[list[int]], window: int, sample: float) -> None:
    text = some_text(lengths)
    options = options_of(sample=sample)
    draw = jose._draw(options)
    sampling, random = sampling_of(text.counts, options), seed_random(1, 2, 3)
    at = document = 0
    kept: list[tuple[int, int]] = []
    while at < text.ids.size:
        begin, first = at, document
        size, at, document = kernels.draw(
            text.ids, at, text.ids.size, document, sampling, window, jose.BLOCK, random, draw
        )
        part = text.ids[begin:at]
        of_document = first + np.cumsum(part == -2)
        lines = np.cumsum(part < 0)
        places = np.flatnonzero(part >= 0)
        if sample == 0:
            assert draw.words[:size].tolist() == part[places].tolist()
            line_of = lines[places]
            for i in range(size):
                own = np.flatnonzero(line_of == line_of[i])
                assert 1 <= max(i - draw.low[i], draw.high[i] - 1 - i, own.size == 1) <= window
                assert own[0] <= draw.low[i] <= i < draw.high[i] <= own[-1] + 1
        kept += zip(draw.documents[:size].tolist(), draw.words[:size].tolist(), strict=True)
        assert {*zip(of_document[places].tolist(), part[places].tolist(), strict=True)} >= {*kept[len(kept) - size :]}
        assert document == first + np.count_nonzero(part == -2)
        assert (draw.noise >= 0).all() and (draw.noise < 7).all()


def test_shares_of_what_is_drawn(interpreted: bool) -> None:
    repeat = 300 if interpreted else 30_000
    text = text_of([[[0, 0, 0, 0, 0, 0, 1, 1, 2]] * repeat], 3)
    options = options_of(sample=0.1, document_sample=0.02)
    draw = jose._draw(options)
    sampling, random = sampling_of(text.counts, options), seed_random(1, 2, 3)
    noise, words, told = np.zeros(3), np.zeros(3), np.zeros(3)
    at = 0
    while at < text.ids.size:
        size, at, _ = kernels.draw(text.ids, at, text.ids.size, 0, sampling, 2, jose.BLOCK, random, draw)
        words += np.bincount(draw.words[:size], minlength=3)
        told += np.bincount(draw.words[:size], draw.told[:size], minlength=3)
        noise += np.bincount(draw.noise[: -(-size // jose.BLOCK)].ravel(), minlength=3)
    shares = np.array([6, 2, 1]) / 9
    near = 0.1 if interpreted else 0.01
    assert noise / noise.sum() == pytest.approx(shares**0.75 / (shares**0.75).sum(), abs=near)
    for found, sample in ((words, 0.1), (told, 0.02)):
        keep = (np.sqrt(shares / sample) + 1) * sample / shares
        assert found / text.counts == pytest.approx(np.minimum(keep, 1), abs=near)


def learn_slowly(text: WordIds, options: JoseOptions) -> SlowSphere:
    """Pieces, lanes and rounds, one after the other; or blocks, if training is not deterministic."""
    slow = SlowSphere(start_jose(text, options).sphere)
    hinge = jose.hinge_of(options)
    sampling = sampling_of(text.counts, options)
    bounds, firsts = piece_bounds(document_ends(text.ids), jose.PIECE)
    done, total = 0, options.epochs * text.ids.size
    together = jose.ROUND if options.deterministic else 1
    side_by_side = 1 if options.objective == "centroid" and not options.deterministic else jose.LANES

    def blocks(number: int, epoch: int, begin: int, end: int) -> Iterator[Any]:
        draw, at, document = jose._draw(options), int(bounds[number]), int(firsts[number])
        random = seed_random(options.seed, epoch, number)
        while at < bounds[number + 1]:
            size, at, document = kernels.draw(
                text.ids, at, bounds[number + 1], document, sampling, options.window, jose.BLOCK, random, draw
            )
            gone = (at - bounds[number]) / (end - begin)
            rates = [options.alpha * max(1e-4, 1 - place / total) for place in (begin, end)]
            alpha = rates[0] + gone * (rates[1] - rates[0])
            for first in range(0, max(1, len(blocks_of(size))), together):
                some = blocks_of(size)[first : first + together]
                yield [move for b in some for move in slow.moves(draw, size, b, hinge, alpha)[0]]

    for epoch in range(options.epochs):
        order = np.random.default_rng([options.seed, epoch]).permutation(firsts.size).tolist()
        for first in range(0, len(order), side_by_side):
            lanes = []
            for number in order[first : first + side_by_side]:
                length = int(bounds[number + 1] - bounds[number])
                lanes.append(blocks(number, epoch, done, done + length))
                done += length
            while lanes:
                waiting = []
                for lane in lanes.copy():
                    if (moves := next(lane, None)) is None:
                        lanes.remove(lane)
                    elif options.deterministic:
                        waiting += moves
                    else:
                        slow.move(moves)
                slow.move(waiting)
    return slow


@OBJECTIVES
@pytest.mark.parametrize("workers", [1, 2, 0])
def test_lanes_are_as_slow_lanes(objective: str, workers: int) -> None:
    """With 0 workers in place of 1 the training is not deterministic."""
    options = options_of(objective=objective, deterministic=workers > 0, workers=workers or 1, alpha=0.02)
    slow, sphere = learn_slowly(TEXT, options), trained(TEXT, options).sphere
    if objective == "centroid":
        slow.documents[:] = sphere.documents
    slow.assert_close(sphere)


@given(st.lists(st.integers(1, 30), min_size=1), st.integers(1, 50))
def test_pieces_are_whole_documents(lengths: list[int], size: int) -> None:
    ids = np.concatenate([[0] * (length - 1) + [-2] for length in lengths]).astype(np.int32)
    ends = document_ends(ids)
    assert ends.tolist() == np.cumsum(lengths).tolist()
    bounds, firsts = piece_bounds(ends, size)
    assert bounds[0] == 0 and bounds[-1] == ids.size
    for begin, end, first in zip(bounds[:-1], bounds[1:], firsts, strict=True):
        assert ids[end - 1] == -2
        assert first == np.count_nonzero(ids[:begin] == -2)
        last = lengths[np.count_nonzero(ids[:end] == -2) - 1]
        assert end - begin - last < size <= max(size, end - begin)


def test_no_documents() -> None:
    bounds, firsts = piece_bounds(document_ends(np.zeros(0, np.int32)), 5)
    assert bounds.tolist() == [0] and not firsts.size


def norms_of(state: JoseState) -> Float:
    return np.concatenate([np.linalg.norm(matrix, axis=1) for matrix in state.sphere])


@OBJECTIVES
def test_deterministic_at_any_number_of_workers(objective: str) -> None:
    found = []
    for workers in (1, 2, 5):
        state = trained(TEXT, options_of(objective=objective, deterministic=True, workers=workers))
        found.append((*(matrix.tobytes() for matrix in state.sphere), state.loss, state.pairs, state.words))
    assert found[0] == found[1] == found[2]
    other = trained(TEXT, options_of(objective=objective, deterministic=True, seed=2))
    assert other.sphere.vectors.tobytes() != found[0][0]


@OBJECTIVES
@MODES
@pytest.mark.parametrize("workers", [1, 3])
def test_norms_and_progress(objective: str, deterministic: bool, workers: int) -> None:
    options = options_of(objective=objective, deterministic=deterministic, workers=workers, sample=0.1, alpha=1.0)
    state, words = start_jose(TEXT, options), []
    learn_jose(TEXT, options, state, lambda state: words.append(state.words))
    assert np.abs(norms_of(state) - 1).max() < 1e-5
    assert words == sorted(words)
    assert words[-1] == state.words == 2 * np.count_nonzero(TEXT.ids >= 0)
    assert (state.epoch, state.piece) == (2, 0)
    assert 0 < state.mean_loss < 5


def test_rows_that_two_threads_wrote_return_to_the_sphere() -> None:
    rows = np.random.default_rng(1).normal(size=(5, 12)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    torn = rows.copy()
    torn[3, 6:] = -0.1
    wanted = torn[3] / np.linalg.norm(torn[3])
    jose._return_to_sphere(torn)
    assert np.allclose(torn[3], wanted, atol=1e-6)
    assert torn[[0, 1, 2, 4]].tobytes() == rows[[0, 1, 2, 4]].tobytes()
    jose._return_to_sphere(np.zeros((0, 12), np.float32))


@OBJECTIVES
@MODES
def test_a_training_goes_on_where_it_stopped(objective: str, deterministic: bool) -> None:
    options = options_of(objective=objective, deterministic=deterministic)
    wanted = trained(TEXT, options)
    state, stops = start_jose(TEXT, options), 0
    while state.epoch < options.epochs:
        learn_jose(TEXT, options, state, stop=partial(next, iter([False, True])))
        kept = kernels.Sphere(*(matrix.copy() for matrix in state.sphere))
        state = replace(state, sphere=kept)
        stops += 1
    assert stops > 3
    assert [m.tobytes() for m in state.sphere] == [m.tobytes() for m in wanted.sphere]
    assert (state.words, state.loss, state.pairs) == (wanted.words, wanted.loss, wanted.pairs)


@MODES
@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_callback_raises_ends_the_training(workers: int, deterministic: bool) -> None:
    def on_piece(state: JoseState) -> None:
        raise RuntimeError("enough")

    options = options_of(epochs=100, workers=workers, deterministic=deterministic)
    state = start_jose(TEXT, options)
    with pytest.raises(RuntimeError, match="enough"):
        learn_jose(TEXT, options, state, on_piece)
    assert state.epoch < 50


@OBJECTIVES
@MODES
@pytest.mark.parametrize("more", [{}, {"negative": 7, "window": 9}, {"negative": 1, "window": 1, "vector_size": 1}])
@pytest.mark.parametrize(
    "documents",
    [[[[0]]], [[]], [[], [], [[0]], []], [[[0, 0, 0], [0]]], [[[0, 1] * 20, [1]]], [[[1], [0]], [[1] * 9]]],
)
def test_small_texts(documents: list[Any], more: dict[str, Any], deterministic: bool, objective: str) -> None:
    text = text_of(documents, 2)
    options = options_of(deterministic=deterministic, objective=objective, **more)
    state = trained(text, options)
    assert np.abs(norms_of(state) - 1).max() < 1e-5
    assert len(state.sphere.documents) == len(documents)
    assert state.words == 2 * np.count_nonzero(text.ids >= 0)
    assert (state.pairs > 0) == any(len(line) > 1 for document in documents for line in document)
    empty = [number for number, document in enumerate(documents) if not any(document)]
    assert np.unique(state.sphere.documents[empty], axis=0).shape[0] == min(1, len(empty))


TOPICS = [["sun", "moon", "star", "sky", "𠮷"], ["fish", "sea", "ship", "wave", "😀"]]


def two_topics(documents: int, words: int = 12) -> list[str]:
    random = np.random.default_rng(5)
    return [" ".join(random.choice(TOPICS[number % 2], words)) for number in range(documents)]


@OBJECTIVES
@MODES
def test_topics_are_found(objective: str, deterministic: bool, interpreted: bool) -> None:
    number = 12 if interpreted else 60
    texts = two_topics(number)
    texts[3], texts[5] = "", "unheard"
    with read_word_ids(texts, make_tokenizer(), 2, threads=1, keep_documents=True) as text:
        state = trained(
            text, options_of(objective=objective, deterministic=deterministic, epochs=20, alpha=0.1, margin=0.5)
        )
    documents = state.sphere.documents
    assert np.abs(norms_of(state) - 1).max() < 1e-5
    assert (documents[3] == documents[5]).all()
    told = [n for n in range(number) if n not in (3, 5)]
    cosines = documents[told] @ documents[told].T
    same = np.equal.outer(np.array(told) % 2, np.array(told) % 2)
    assert cosines[same].mean() > cosines[~same].mean() + 0.3
    topic_of = {word: topic for topic, words in enumerate(TOPICS) for word in words}
    of_topic = np.array([topic_of[word] for word in text.words.to_pylist()])
    cosines = documents[told] @ state.sphere.vectors.T
    same = np.equal.outer(np.array(told) % 2, of_topic)
    assert cosines[same].mean() > cosines[~same].mean() + 0.1
    cosines = state.sphere.vectors @ state.sphere.contexts.T
    same = np.equal.outer(of_topic, of_topic)
    assert cosines[same].mean() > cosines[~same].mean() + 0.1


def test_a_last_line_without_a_newline(tmp_path: Any) -> None:
    """The reference program gives it no vector, and its words to the document before it."""
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xef\xbb\xbfa b a b\r\n\r\nc d c\0 d\nd c d c")
    with read_word_ids(path, make_tokenizer(), 1, threads=1, keep_documents=True) as text:
        state = trained(text, options_of())
        assert text.documents.to_pylist() == ["0", "1", "2", "3"]  # type: ignore[union-attr]
        assert state.sphere.documents.shape == (4, 6)
    assert np.abs(norms_of(state) - 1).max() < 1e-5


def test_centroid_is_a_weighted_sum() -> None:
    options = options_of(objective="centroid", document_weight=0.2)
    sphere = trained(TEXT, options).sphere
    share = TEXT.counts / TEXT.counts.sum()
    noise = TEXT.counts**0.75 / (TEXT.counts**0.75).sum()
    documents = np.split(TEXT.ids, document_ends(TEXT.ids)[:-1])
    for document, found in zip(documents, sphere.documents, strict=True):
        total = np.zeros(6)
        for word in document[document >= 0]:
            total += 0.2 / (0.2 + share[word]) * (sphere.vectors[word] - noise @ sphere.vectors.astype(float))
        if total.any():
            assert found == pytest.approx(unit(total), abs=1e-4)


def test_directions_at_the_start() -> None:
    text = text_of([[[0] * 3]] * 400, 900)
    sphere = start_jose(text, options_of(vector_size=20)).sphere
    for matrix in sphere:
        assert np.abs(np.linalg.norm(matrix, axis=1) - 1).max() < 1e-6
        assert np.abs(matrix.mean(0)).max() < 0.05
    again = start_jose(text, options_of(vector_size=20)).sphere
    assert all((a == b).all() for a, b in zip(sphere, again, strict=True))
    assert not (sphere.vectors == sphere.contexts).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "x"}, "objective='x' is not known: choose one of reference, paper, centroid"),
        ({"vector_size": 0}, "vector_size=0 cannot work"),
        ({"negative": 0}, "negative=0 cannot work"),
        ({"margin": -1}, "margin=-1 cannot work: give a number from 0 to 4"),
        ({"document_margin": 5}, "document_margin=5 cannot work: give a number from 0 to 4"),
        ({"document_sample": 2.0}, "document_sample=2.0 cannot work"),
        ({"objective": "paper", "document_margin": 1.0}, "document_margin=1.0 cannot be with objective paper"),
        ({"alpha": 2}, "alpha=2 cannot work: give a number from 0 to 1"),
        ({"sample": None}, "sample=None cannot work"),
        ({"document_weight": 0}, "document_weight=0 cannot work: give a number above 0"),
        ({"document_weight": float("nan")}, "document_weight=nan cannot work"),
        ({"workers": 0}, "workers=0 cannot work"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        options_of(**options)
