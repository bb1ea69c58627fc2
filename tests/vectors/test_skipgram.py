"""Skip-gram, against plain numpy in float64, finite differences, and distributions that are known."""

from collections.abc import Iterator
from itertools import pairwise
from math import exp, log
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nlptools.errors import OptionError
from nlptools.vectors import _skipgram_kernels as kernels
from nlptools.vectors import skipgram
from nlptools.vectors.options import VectorOptions
from nlptools.vectors.skipgram import (
    SkipgramState,
    alias_table,
    keep_probability,
    noise_distribution,
    noise_of_block,
    paces,
    piece_bounds,
    start_skipgram,
    train_skipgram,
)
from nlptools.vectors.word_ids import WordIds

Float = NDArray[np.float64]

LINES = st.lists(st.integers(1, 24), min_size=1, max_size=4)
"""How many words each line has."""


def text_of(lines: list[list[int]], words: int) -> WordIds:
    """Lines as numbers; the last one ends its document."""
    ids = np.array([number for line in lines for number in [*line, -1]], np.int32)
    ids[-1] = -2
    counts = np.bincount(ids[ids >= 0], minlength=words).astype(np.int64)
    return WordIds(pa.array(map(str, range(words)), pa.large_string()), counts, ids, int(counts.sum()))


def some_text(lengths: list[int], words: int, seed: int = 1) -> WordIds:
    """Words of which the first ones are frequent, on lines of these lengths; there may be fewer than `words` different ones."""
    random = np.random.default_rng(seed)
    numbers = np.minimum(random.zipf(1.5, sum(lengths)), words)
    _, numbers = np.unique(numbers, return_inverse=True)
    lines = np.split(numbers, np.cumsum(lengths)[:-1])
    return text_of([line.tolist() for line in lines], int(numbers.max()) + 1)


def options_of(**options: Any) -> VectorOptions:
    return VectorOptions(**{"vector_size": 8, "window": 3, "epochs": 2, "workers": 1, "sample": 0.0, **options})


def some_matrices(text: WordIds, options: VectorOptions, seed: int = 1) -> kernels.Matrices:
    """Matrices somewhere in training: scores have a standard deviation of about 1."""
    random = np.random.default_rng(seed)
    matrices = start_skipgram(text, options).matrices
    for matrix in (matrices.vectors, matrices.contexts):
        matrix[:] = random.normal(0, options.vector_size**-0.25, matrix.shape)
    if options.method == "nce":
        matrices.biases[:] += random.normal(0, 0.5, len(matrices.biases))
    return matrices


class Learned(NamedTuple):
    """Vectors, contexts and biases; or their changes."""

    vectors: Float
    contexts: Float
    biases: Float


def plain(matrices: kernels.Matrices) -> Learned:
    return Learned(*(np.array(matrix, float) for matrix in matrices[:3]))


class Pair(NamedTuple):
    """A word, a word of its window (or a noise word), which of both it is, and how many such pairs it stands for.

    The shares say how much of its change a word takes that is repeated.
    """

    word: int
    other: int
    is_noise: bool
    weight: float
    word_share: float
    other_share: float


def pairs_of(draw: kernels.Draw, size: int, b: int, options: VectorOptions, block: int) -> Iterator[Pair]:
    """The pairs of a block, as the module says."""
    end = min((b + 1) * block, size)
    most = max(2, 288 // ((options.window + 1) * (1 + options.negative)))
    inside = draw.words[b * block : end].tolist()
    near = draw.words[max(0, b * block - options.window) : min(size, end + options.window)].tolist()
    for i in range(b * block, end):
        word = int(draw.words[i])
        share = min(1, most / inside.count(word))
        around = [j for j in range(draw.low[i], draw.high[i]) if j != i]
        for other in (int(draw.words[j]) for j in around):
            yield Pair(word, other, False, 1, share, min(1, most / near.count(other)))
        for noise in draw.noise[b].tolist():
            yield Pair(word, noise, True, len(around) * options.negative / draw.noise.shape[1], share, 1)


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def score(learned: Learned, log_noise: NDArray[np.float32], pair: Pair) -> float:
    product = learned.vectors[pair.word] @ learned.contexts[pair.other]
    return float(product + learned.biases[pair.other] - log_noise[pair.other])


def objective(learned: Learned, log_noise: NDArray[np.float32], pairs: list[Pair]) -> float:
    total = 0.0
    for pair in pairs:
        right = sigmoid(score(learned, log_noise, pair))
        total += pair.weight * log(1 - right if pair.is_noise else right)
    return total


def learn_slowly(
    sampling: kernels.Sampling,
    matrices: kernels.Matrices,
    learned: Learned,
    pairs: list[Pair],
    alpha: float,
    biased: bool,
) -> tuple[Learned, Learned]:
    """What a block changes, and how far an error of 1 in each σ would go."""
    changes, reach = (Learned(*(np.zeros_like(matrix) for matrix in learned)) for _ in range(2))
    for pair in pairs:
        step = alpha * pair.weight
        right = sigmoid(score(learned, matrices.log_noise, pair))
        towards = -step * right if pair.is_noise else step * (1 - right)
        vector, context = learned.vectors[pair.word], learned.contexts[pair.other]
        changes.vectors[pair.word] += towards * context * pair.word_share
        changes.contexts[pair.other] += towards * vector * pair.other_share
        reach.vectors[pair.word] += step * abs(context)
        reach.contexts[pair.other] += step * abs(vector)
        if biased:
            changes.biases[pair.other] += towards * pair.other_share
            reach.biases[pair.other] += step
    for part in (changes, reach):
        part.vectors[:] *= sampling.vector_pace[:, None]
        part.contexts[:] *= sampling.context_pace[:, None]
        part.biases[:] *= sampling.context_pace
    return changes, reach


def assert_near(found: kernels.Matrices, expected: Learned, reach: Learned) -> None:
    for one, other, far in zip(found, expected, reach, strict=False):
        assert (abs(one - other) <= 1e-4 * far + 1e-5 * abs(other) + 1e-6).all()


def room_of(options: VectorOptions, words: int, block: int) -> tuple[kernels.Draw, kernels.Scratch, kernels.Changes]:
    """The arrays of a thread that draws so many words at a time, in blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skipgram, "DRAW", words)
        return skipgram._room(options, block)


def drawn(text: WordIds, options: VectorOptions, words: int, block: int = 16) -> tuple[kernels.Draw, int, int]:
    """The first words of a text, at most so many; how many, and where to go on."""
    draw = room_of(options, words, block)[0]
    random = kernels.seed_random(options.seed, 0, 0)
    size, at = kernels.draw(text.ids, 0, text.ids.size, sampling_of(text, options), options.window, block, random, draw)
    return draw, size, at


def sampling_of(text: WordIds, options: VectorOptions) -> kernels.Sampling:
    """What training draws from, and paces that differ for each word."""
    sampling = skipgram._Training(text, options, start_skipgram(text, options), None, lambda: False).sampling
    paces = np.random.default_rng(4).uniform(0.2, 1, (2, len(text.words))).astype(np.float32)
    return sampling._replace(vector_pace=paces[0], context_pace=paces[1])


SIZES = st.sampled_from([1, 7, 8, 9])
WINDOWS = st.sampled_from([1, 2, 3, 5, 8])
BLOCKS = st.sampled_from([4, 16, 32])
METHODS = st.sampled_from(["sgns", "nce"])


@given(LINES, SIZES, WINDOWS, st.sampled_from([1, 5, 9]), METHODS, st.integers(1, 9), BLOCKS)
def test_blocks_change_what_the_slow_twin_changes(
    lengths: list[int], vector_size: int, window: int, negative: int, method: str, words: int, block: int
) -> None:
    options = options_of(vector_size=vector_size, window=window, negative=negative, method=method)
    check_blocks(some_text(lengths, words, sum(lengths)), options, block)


@pytest.mark.parametrize(
    "more", [{"vector_size": 100}, {"window": 50}, {"window": 50, "negative": 33, "method": "nce"}]
)
def test_large_blocks(more: dict[str, Any], interpreted: bool) -> None:
    lengths = [20] if interpreted else [100, 1, 3, 40]
    check_blocks(some_text(lengths, 30), options_of(**more), skipgram.BLOCK)


def check_blocks(text: WordIds, options: VectorOptions, block: int) -> None:
    biased, alpha = options.method == "nce", 0.3
    draw, size, _ = drawn(text, options, text.ids.size, block)
    _, scratch, changes = room_of(options, text.ids.size, block)
    for array in (*scratch, *changes):  # what an earlier block left there; what is beyond the vectors stays 0
        array[..., : options.vector_size] = 9
    sampling = sampling_of(text, options)
    for b in range(-(-size // block)):
        matrices = some_matrices(text, options)
        before = plain(matrices)
        told = kernels.learn_block(draw, size, b, options.negative, alpha, True, matrices, scratch, changes)
        for one, other in zip(plain(matrices), before, strict=True):
            np.testing.assert_array_equal(one, other)
        kernels.add_changes(
            draw, size, b, kernels.most_repeats(options.window, options.negative), biased, sampling, matrices, changes
        )
        pairs = list(pairs_of(draw, size, b, options, block))
        difference, reach = learn_slowly(sampling, matrices, before, pairs, alpha, biased)
        assert_near(matrices, Learned(*map(np.add, before, difference)), reach)
        assert told[1] == sum(not pair.is_noise for pair in pairs)
        assert told[0] == pytest.approx(-objective(before, matrices.log_noise, pairs), rel=2e-3, abs=1e-3)


@given(st.lists(st.integers(1, 24), min_size=2, max_size=3), SIZES, METHODS, st.integers(2, 9), BLOCKS)
def test_a_piece_is_learned_block_by_block(
    lengths: list[int], vector_size: int, method: str, words: int, block: int
) -> None:
    options = options_of(vector_size=vector_size, method=method, seed=3)
    text, biased, rates = some_text(lengths, words), method == "nce", (0.03, 0.01)
    room = room_of(options, 32, block)
    sampling = sampling_of(text, options)
    matrices = some_matrices(text, options)
    learned, bound = plain(matrices), Learned(*(np.zeros(matrix.shape) for matrix in matrices[:3]))
    draw, end = room_of(options, 32, block)[0], text.ids.size
    random, at = kernels.seed_random(3, 0, 0), 0
    while at < end:
        alpha = rates[0] + (rates[1] - rates[0]) * at / end
        size, at = kernels.draw(text.ids, at, end, sampling, options.window, block, random, draw)
        for b in range(-(-size // block)):
            pairs = list(pairs_of(draw, size, b, options, block))
            difference, reach = learn_slowly(sampling, matrices, learned, pairs, alpha, biased)
            learned = Learned(*map(np.add, learned, difference))
            bound = Learned(*map(np.add, bound, reach))
    kernels.learn_piece(
        text.ids, 0, end, sampling, options.negative, rates, biased, kernels.seed_random(3, 0, 0), room[0], matrices, *room[1:]
    )  # fmt: skip
    assert_near(matrices, learned, Learned(*(2 * one + 1 for one in bound)))


@pytest.mark.parametrize("method", ["sgns", "nce"])
@pytest.mark.parametrize("vector_size", [1, 5])
def test_changes_are_the_gradient(method: str, vector_size: int) -> None:
    options = options_of(method=method, vector_size=vector_size, window=2, negative=3)
    text = some_text([5, 1, 6], 4)
    draw, size, _ = drawn(text, options, text.ids.size)
    _, scratch, changes = room_of(options, text.ids.size, 16)
    matrices = some_matrices(text, options)
    learned, alpha = plain(matrices), 0.5
    pairs = list(pairs_of(draw, size, 0, options, 16))
    kernels.learn_block(draw, size, 0, options.negative, alpha, False, matrices, scratch, changes)
    ones = np.ones(len(text.words), np.float32)
    sampling = sampling_of(text, options)._replace(vector_pace=ones, context_pace=ones)
    kernels.add_changes(draw, size, 0, 99, method == "nce", sampling, matrices, changes)
    for name in Learned._fields if method == "nce" else Learned._fields[:2]:
        matrix = getattr(learned, name)
        found = (getattr(matrices, name) - matrix) / alpha
        for place in np.ndindex(matrix.shape):
            slope = 0.0
            for move in (1e-5, -1e-5):
                moved = matrix.copy()
                moved[place] += move
                slope += objective(learned._replace(**{name: moved}), matrices.log_noise, pairs) / (2 * move)
            assert found[place] == pytest.approx(slope, abs=5e-3)


def test_extreme_scores_are_bounded() -> None:
    """σ is right to 1e-4, whatever the score is."""
    scores = np.concatenate([np.linspace(-12, 12, 4001), [-1e30, 1e30, -3e38, 3e38, 0]]).astype(np.float32)
    expected = 1 / (1 + np.exp(-np.clip(scores.astype(float), -500, 500)))
    kernels._sigmoid(scores)
    assert abs(scores - expected).max() < 1e-4
    assert scores.min() >= 0
    assert scores.max() <= 1


# what is drawn


@given(LINES, st.integers(1, 6), st.sampled_from([16, 32, 200]))
def test_every_word_is_drawn_once_with_a_window_in_its_line(lengths: list[int], window: int, room: int) -> None:
    options = options_of(window=window)
    text = some_text(lengths, 9)
    line_of = np.repeat(np.arange(len(lengths)), lengths)
    draw, sampling = room_of(options, room, 16)[0], sampling_of(text, options)
    random, at, done = kernels.seed_random(1, 0, 0), 0, 0
    words = text.ids[text.ids >= 0]
    while at < text.ids.size:
        size, next_at = kernels.draw(text.ids, at, text.ids.size, sampling, window, 16, random, draw)
        assert next_at > at
        at = next_at
        assert 0 <= size <= room
        np.testing.assert_array_equal(draw.words[:size], words[done : done + size])
        lines = line_of[done : done + size]
        for i in range(size):
            low, high = int(draw.low[i]), int(draw.high[i])
            assert 0 <= low <= i < high <= size
            assert set(lines[low:high]) == {lines[i]}
            left, right = i - low, high - 1 - i  # as wide on both sides, but for the ends of the line
            begins, ends = low == 0 or lines[low - 1] != lines[i], high == size or lines[high] != lines[i]
            assert max(left, right) <= window
            assert begins or ends or left == right >= 1
            assert begins or left >= right
            assert ends or right >= left
        assert ((draw.noise >= 0) & (draw.noise < len(text.words))).all()
        done += size
    assert done == words.size


def test_windows_are_of_all_widths(interpreted: bool) -> None:
    size = 600 if interpreted else 6000
    draw, found, _ = drawn(some_text([size], 9), options_of(window=4), size)
    assert found == size
    widths = np.bincount((draw.high - draw.low)[4:-4] // 2, minlength=5)
    assert widths[0] == 0
    assert abs(widths[1:] - size / 4).max() < 5 * (size * 3 / 16) ** 0.5


def test_keep_probability_is_that_of_word2vec() -> None:
    counts = np.array([10_000, 1000, 100, 10, 1], np.int64)
    for sample in (1e-3, 1e-2, 1.0):
        threshold = sample * counts.sum()
        expected = [min(1, ((count / threshold) ** 0.5 + 1) * threshold / count) for count in counts.tolist()]
        np.testing.assert_allclose(keep_probability(counts, sample), expected)
    assert (keep_probability(counts, 0) == 1).all()


def test_words_are_kept_as_often_as_they_should(interpreted: bool) -> None:
    size = 2000 if interpreted else 40_000
    options = options_of(sample=0.02)
    text = some_text([size], 9)
    draw, found, at = drawn(text, options, size)
    assert at == text.ids.size
    kept, counts = np.bincount(draw.words[:found], minlength=9), text.counts
    share = keep_probability(counts, 0.02)
    assert share.min() < 0.5
    assert share.max() == 1
    assert (abs(kept - counts * share) <= 5 * np.sqrt(counts * share * (1 - share))).all()


@pytest.mark.parametrize("exponent", [0.75, 1.0, 0.0, -0.5])
def test_noise_is_drawn_from_its_distribution(exponent: float, interpreted: bool) -> None:
    size = 1600 if interpreted else 64_000
    options = options_of(ns_exponent=exponent)
    text = some_text([size], 12)
    draw, _, _ = drawn(text, options, size)
    noise = np.bincount(draw.noise.reshape(-1), minlength=12)
    expected = text.counts.astype(float) ** exponent
    expected *= noise.sum() / expected.sum()
    assert ((noise - expected) ** 2 / expected).sum() < 11 + 4 * 22**0.5  # χ², 11 degrees of freedom


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=200), st.floats(-2, 2))
def test_the_alias_table_is_the_distribution(counts: list[int], exponent: float) -> None:
    shares = noise_distribution(np.array(counts), exponent)
    weights = [count**exponent for count in counts]
    np.testing.assert_allclose(shares, np.array(weights) / sum(weights), rtol=1e-9)
    cut, other = alias_table(shares)
    found = [0] * len(counts)
    for word in range(len(counts)):
        found[word] += int(cut[word])
        found[int(other[word])] += 2**32 - int(cut[word])
    assert sum(found) == len(counts) << 32
    np.testing.assert_allclose(np.array(found) / (len(counts) << 32), shares, atol=2**-31, rtol=0)


@pytest.mark.parametrize("more", [{}, {"sample": 0.01}, {"negative": 20, "window": 8}, {"ns_exponent": 1.0}])
def test_frequent_words_take_fewer_of_their_changes(more: dict[str, Any]) -> None:
    """So that a word moves by at most STABLE pairs at a time; a rare one by all of its pairs."""
    options, together = options_of(**more), 1000
    counts = np.array([40_000, 9000, 500, 3, 1], np.int64)
    vector_pace, context_pace = paces(counts, options, together)
    kept = counts * keep_probability(counts, options.sample)
    noise = counts**options.ns_exponent
    for word in range(5):
        mine = together * kept[word] / kept.sum() * (options.window + 1)  # windows are (window + 1) words on average
        drawn = together * (options.window + 1) * options.negative * noise[word] / noise.sum()
        assert vector_pace[word] == pytest.approx(min(1, skipgram.STABLE / (mine * (1 + options.negative))))
        assert context_pace[word] == pytest.approx(min(1, skipgram.STABLE / (mine + drawn)))
    assert vector_pace[0] < 0.1
    assert vector_pace[-1] == 1


@given(LINES, st.integers(1, 100))
def test_pieces_end_with_lines(lengths: list[int], size: int) -> None:
    ids = some_text(lengths, 9).ids
    bounds = piece_bounds(ids, size).tolist()
    assert (bounds[0], bounds[-1]) == (0, ids.size)
    for begin, end in pairwise(bounds):
        assert begin < end <= begin + 2 * size
        assert end - begin >= size or end == ids.size
        assert ids[end - 1] < 0 or end - begin == 2 * size


def test_random_numbers_depend_on_seed_epoch_and_piece() -> None:
    states = {
        int(kernels.seed_random(seed, epoch, piece)[0])
        for seed in (0, 1, 2**62)
        for epoch in range(5)
        for piece in range(20)
    }
    assert len(states) == 300


# whole trainings


def trained(text: WordIds, options: VectorOptions, **more: Any) -> SkipgramState:
    state = start_skipgram(text, options)
    train_skipgram(text, options, state, **more)
    return state


def bytes_of(state: SkipgramState) -> list[bytes]:
    return [matrix.tobytes() for matrix in state.matrices]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces that suit a small text."""
    monkeypatch.setattr(skipgram, "PIECE", 50)
    monkeypatch.setattr(skipgram, "DRAW", 2 * skipgram.BLOCK)


TEXT = text_of([[(7 * at + step) % 30 for step in range(at)] for at in (3, 40, 1, 70, 9, 30, 2, 60, 25)], 30)
"""Words that come after each other."""


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("method", ["sgns", "nce"])
def test_deterministic_training_gives_the_same_bytes(method: Any) -> None:
    options = {"method": method, "deterministic": True, "sample": 0.05}
    one = trained(TEXT, options_of(**options))
    for workers in (2, 3):
        assert bytes_of(trained(TEXT, options_of(**options, workers=workers))) == bytes_of(one)
    assert bytes_of(trained(TEXT, options_of(**options, seed=2))) != bytes_of(one)
    assert (one.epoch, one.piece, one.words) == (2, 0, 2 * TEXT.counts.sum())


@pytest.mark.usefixtures("small")
def test_one_worker_gives_the_same_bytes() -> None:
    one = trained(TEXT, options_of())
    assert bytes_of(trained(TEXT, options_of())) == bytes_of(one)
    assert bytes_of(trained(TEXT, options_of(seed=2))) != bytes_of(one)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("more", [{}, {"deterministic": True}, {"deterministic": True, "workers": 2}])
def test_a_training_that_was_stopped_goes_on(more: dict[str, Any]) -> None:
    options = options_of(method="nce", **more)
    whole, seen = start_skipgram(TEXT, options), []
    train_skipgram(TEXT, options, whole, lambda state: seen.append(state.words))
    assert len(seen) > 6
    assert seen == sorted(seen)
    assert seen[-1] == whole.words == 2 * TEXT.counts.sum()
    for every in (1, 2, 3):
        state, asked = start_skipgram(TEXT, options), 0

        def stop(every: int = every) -> bool:
            nonlocal asked
            asked += 1
            return asked % (every + 1) == 0

        calls = 0
        while state.epoch < 2:
            train_skipgram(TEXT, options, state, None, stop)
            calls += 1
            assert calls < 99
        assert calls > 2
        assert bytes_of(state) == bytes_of(whole)
        assert state.words == whole.words
        assert (state.loss, state.pairs) == pytest.approx((whole.loss, whole.pairs))


@pytest.mark.usefixtures("small")
def test_threads_that_do_not_wait_learn_as_well(interpreted: bool) -> None:
    if interpreted:
        pytest.skip("slow uncompiled")
    options = {"epochs": 40, "alpha": 0.05}
    one, some = trained(TEXT, options_of(**options)), trained(TEXT, options_of(**options, workers=3))
    assert some.words == one.words == 40 * TEXT.counts.sum()
    assert one.mean_loss < 5 * log(2)
    assert some.mean_loss < 5 * log(2)


@pytest.mark.usefixtures("small")
def test_the_loss_falls(interpreted: bool) -> None:
    if interpreted:
        pytest.skip("slow uncompiled")
    losses: list[float] = []
    trained(TEXT, options_of(epochs=40, alpha=0.05), on_piece=lambda state: losses.append(state.mean_loss))
    assert losses[0] == pytest.approx(6 * log(2), rel=0.02)
    assert losses[-1] < 5 * log(2)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("deterministic", [False, True])
def test_what_a_callback_raises_ends_the_training(workers: int, deterministic: bool) -> None:
    calls = 0

    def on_piece(state: SkipgramState) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise RuntimeError("enough")

    options = options_of(epochs=100, workers=workers, deterministic=deterministic)
    state = start_skipgram(TEXT, options)
    with pytest.raises(RuntimeError, match="enough"):
        train_skipgram(TEXT, options, state, on_piece)
    assert state.epoch < 50


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy's, where kernels are not compiled
@pytest.mark.parametrize("deterministic", [False, True])
def test_numbers_that_grow_without_bound_are_told(deterministic: bool) -> None:
    options = options_of(alpha=10.0, deterministic=deterministic)
    state = start_skipgram(TEXT, options)
    state.matrices.vectors[:] = 1e37
    state.matrices.contexts[:] = -1e37
    with pytest.raises(OptionError, match="alpha=10 is too large for this text"):
        train_skipgram(TEXT, options, state)


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize(
    "more", [{}, {"negative": 1}, {"negative": 20}, {"window": 50}, {"window": 1, "vector_size": 1}]
)
@pytest.mark.parametrize("lines", [[[0]], [[0, 0, 0]], [[0], [0], [0]], [[0, 1] * 9, [1]]])
def test_small_texts(lines: list[list[int]], more: dict[str, Any], deterministic: bool) -> None:
    text = text_of(lines, 1 + max(map(max, lines)))
    for method in ("sgns", "nce"):
        options = options_of(method=method, deterministic=deterministic, **more)
        before, state = plain(start_skipgram(text, options).matrices), trained(text, options)
        found = plain(state.matrices)
        assert all(np.isfinite(matrix).all() for matrix in found)
        assert state.words == 2 * text.counts.sum()
        has_pairs = any(len(line) > 1 for line in lines)
        assert (state.pairs > 0) == has_pairs
        assert (found.contexts == before.contexts).all() != has_pairs
        assert method == "nce" or not found.biases.any()


def test_documents_without_words() -> None:
    text = text_of([[0, 1, 0, 1]], 2)
    ids = np.array([-2, -2, 0, 1, -1, 0, 1, -2, -2, -2], np.int32)
    state = trained(WordIds(text.words, text.counts, ids, 4), options_of())
    assert state.words == 8
    assert state.pairs == 4


def test_noise_of_a_block() -> None:
    assert noise_of_block(5) == skipgram.NOISE
    for negative in range(1, 60):
        noise = noise_of_block(negative)
        assert noise % 4 == 0
        assert noise >= negative


def test_blocks_are_smaller_for_many_threads() -> None:
    assert skipgram.block_size(1, 5) == skipgram.BLOCK
    for threads in range(1, 200):
        block = skipgram.block_size(threads, 5)
        assert block % 4 == 0
        assert block == 4 or block * threads <= skipgram.TOGETHER


@pytest.mark.parametrize("window", [1, 5, 6, 10, 50, 1000])
def test_blocks_are_smaller_for_wide_windows(window: int) -> None:
    block = skipgram.block_size(1, window)
    assert block % 4 == 0
    assert 4 <= block <= skipgram.BLOCK
    assert block == 4 or block * (window + 1) <= skipgram.PAIRS


def test_a_word_that_fills_lines_does_not_grow_without_bound(interpreted: bool) -> None:
    if interpreted:
        pytest.skip("takes minutes when it is not compiled")
    text = some_text([60] * 60, 2)
    for window in (5, 10):
        state = trained(text, options_of(vector_size=8, window=window, epochs=20, sample=0.0))
        assert np.abs(state.matrices.vectors).max() < 50


def test_start() -> None:
    text, options = some_text([300], 50), options_of(method="nce", vector_size=4, negative=3)
    vectors, contexts, biases, log_noise = start_skipgram(text, options).matrices
    assert vectors.min() == pytest.approx(-0.125, abs=5e-3)
    assert vectors.max() == pytest.approx(0.125, abs=5e-3)
    assert not contexts.any()
    assert np.exp(biases).sum() == pytest.approx(1)
    assert np.exp(log_noise).sum() == pytest.approx(3)
    assert not start_skipgram(text, options_of()).matrices.log_noise.any()


# what is learned, in the end

JOINT = np.array(
    [
        [1, 9, 4, 2, 1, 6],
        [9, 2, 1, 5, 1, 3],
        [4, 1, 6, 1, 2, 1],
        [2, 5, 1, 3, 4, 1],
        [1, 1, 2, 4, 1, 2],
        [6, 3, 1, 1, 2, 2],
    ],
    float,
)
"""How often, in proportion, one word stands beside another on a line of two; PMI from -1 to 1.3."""


METHODS_OF_NOISE = pytest.mark.parametrize("more", [{"ns_exponent": 0.75}, {"ns_exponent": 1.0, "negative": 2}])


@pytest.fixture(scope="module")
def known(interpreted: bool) -> tuple[WordIds, Float]:
    """A text of lines of two words, and p(w | c) in it, (c, w)."""
    if interpreted:
        pytest.skip("slow uncompiled")
    random = np.random.default_rng(2)
    cells = random.choice(36, 30_000, p=JOINT.reshape(-1) / JOINT.sum())
    pairs = np.bincount(cells, minlength=36).reshape(6, 6)
    pairs = pairs + pairs.T
    return text_of([list(divmod(int(cell), 6)) for cell in cells], 6), pairs / pairs.sum(axis=1, keepdims=True)


def scores_of(text: WordIds, options: VectorOptions) -> Float:
    """⟨v_c, u_w⟩ + b_w, (c, w)."""
    vectors, contexts, biases, _ = trained(text, options).matrices
    return (vectors @ contexts.T + biases).astype(float)


@METHODS_OF_NOISE
def test_nce_learns_log_probabilities(known: tuple[WordIds, Float], more: dict[str, Any]) -> None:
    text, conditional = known
    scores = scores_of(text, options_of(method="nce", window=1, epochs=15, **more))
    assert abs(scores - np.log(conditional)).mean() < 0.05
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, atol=0.05)


@METHODS_OF_NOISE
def test_sgns_learns_what_is_above_noise(known: tuple[WordIds, Float], more: dict[str, Any]) -> None:
    """ln p(w | c) / (k q(w)), which is PMI - ln k with an exponent of 1."""
    text, conditional = known
    options = options_of(method="sgns", window=1, epochs=15, **more)
    scores = scores_of(text, options)
    noise = text.counts**options.ns_exponent / (text.counts**options.ns_exponent).sum()
    assert abs(scores - np.log(conditional / noise / options.negative)).mean() < 0.05
    if options.ns_exponent == 1:
        pmi = np.log(conditional / (text.counts / text.counts.sum()))
        assert abs(scores - (pmi - log(options.negative))).mean() < 0.05
