"""Text in blocks: every document whole in one block, blocks of the planned size, codes as those of the block alone."""

from itertools import pairwise
from typing import Any

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from nlptools.text.encode import EncodedText, encode_character_blocks, encode_characters

documents = st.lists(
    st.sampled_from(["", "。", "𠮷野家，𠮷", "a\0b\r\n", "研究生命起源" * 3, "\U0010ffff龘"])
    | st.text("一七，", max_size=9),
    max_size=12,
)


def batches_of(texts: list[str], cuts: list[int], kind: pa.DataType) -> list[pa.RecordBatch]:
    edges = [0, *sorted(min(cut, len(texts)) for cut in cuts), len(texts)]
    whole = pa.record_batch({"text": pa.array(["前", *texts], kind)})
    return [whole.slice(lo + 1, hi - lo) for lo, hi in pairwise(edges)]


def check_same(text: EncodedText, other: EncodedText) -> None:
    assert text.codes.tobytes() == other.codes.tobytes()
    assert text.codes.dtype == other.codes.dtype
    assert text.alphabet.equals(other.alphabet)
    assert text.document_ends.tolist() == other.document_ends.tolist()
    assert text.fingerprint == other.fingerprint


@given(
    documents,
    st.lists(st.integers(0, 12), max_size=5),
    st.integers(1, 4),
    st.sampled_from([1, 2, 7, 20, 60, 10_000]),
    st.sampled_from([pa.string(), pa.large_string()]),
)
@example([], [], 1, 1, pa.large_string())
@example(["一" * 9, "七" * 9, "一"], [1], 2, 7, pa.large_string())
@example(["一"] * 12, [], 2, 6, pa.string())
def test_any_blocks(texts: list[str], cuts: list[int], threads: int, size: int, kind: Any) -> None:
    batches = batches_of(texts, cuts, kind)
    blocks = list(encode_character_blocks(iter(batches), threads, size))
    assert [is_last for _, is_last in blocks] == [False] * (len(blocks) - 1) + [True]
    first = 0
    for block, _ in blocks:
        last = first + block.document_ends.size
        alone = pa.record_batch({"text": pa.array(texts[first:last], pa.large_string())})
        check_same(block, encode_characters([alone], 1))
        assert block.codes.size - 1 <= size or block.document_ends.size == 1
        assert block.document_ends.size or not texts
        first = last
    assert first == len(texts)


@given(documents, st.lists(st.integers(0, 12), max_size=5))
def test_a_block_with_room_for_all_is_the_whole_text(texts: list[str], cuts: list[int]) -> None:
    batches = batches_of(texts, cuts, pa.large_string())
    ((block, is_last),) = encode_character_blocks(batches, 2, 10_000)
    assert is_last
    check_same(block, encode_characters(batches, 3))


@given(documents, st.randoms(use_true_random=False), st.integers(1, 30))
def test_fingerprints_of_blocks_add_up_in_any_order(texts: list[str], chance: Any, size: int) -> None:
    whole = encode_characters(batches_of(texts, [], pa.large_string()), 1).fingerprint
    chance.shuffle(texts)
    blocks = [block for block, _ in encode_character_blocks(batches_of(texts, [3], pa.large_string()), 2, size)]
    assert sum(block.fingerprint for block in blocks) % 2**64 == whole


def test_a_block_does_not_wait_for_the_text_behind_it() -> None:
    """What is read ahead is bounded, so that a text of any size goes through."""
    read = 0

    def batches() -> Any:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield pa.record_batch({"text": pa.array(["一七" * 5], pa.large_string())})

    blocks = encode_character_blocks(batches(), 2, 30)
    for number in range(1, 5):
        block, _ = next(blocks)
        assert block.document_ends.size == 2
        assert read <= 2 * number + 8
    blocks.close()  # type: ignore[attr-defined]
