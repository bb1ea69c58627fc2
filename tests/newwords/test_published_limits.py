"""The published algorithms take and leave a word just above and just below their limits."""

import pytest

import nlptools as nt


def found(times: int, characters: int, method: str) -> list[str]:
    """Find words in a text of so many characters, in which 研究 stands alone some times, and nothing else is a word.

    Its solidity is ln(characters / times), its branching entropies are ln(times): a break is a neighbour of its own.
    """
    text = "研究，" * times + "丙，" * (characters - 2 * times)
    words: list[str] = nt.find_new_words([text], method=method)["word"].to_pylist()
    return words


@pytest.mark.parametrize(
    ("times", "characters", "words"),
    [
        (21, 21 * 30 - 1, []),
        (21, 21 * 30 + 1, ["研究"]),
        (20, 20 * 30 + 1, []),  # ln 20 < 3
        (60, 60 * 30 - 1, []),
        (60, 60 * 30 + 1, ["研究"]),
    ],
)
def test_entropy(times: int, characters: int, words: list[str]) -> None:
    assert found(times, characters, "entropy") == words


@pytest.mark.parametrize(("characters", "words"), [(10 * 5 - 1, []), (10 * 5 + 1, ["研究"])])
def test_cohesion(characters: int, words: list[str]) -> None:
    assert found(10, characters, "cohesion") == words
