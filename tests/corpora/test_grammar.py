from itertools import cycle
from random import Random

import pytest

from nlptools_corpora._grammar import compile_list, read_lists

TEXT = """
# 手机
[物]
手机 *柚派
充电器
[牌]
小米
[[问]]
[请问|]{谁的}{物}死机[了[吗|没]|]？
[[谁的]]
我的
"""


def draw(text: str, name: str, *numbers: float) -> str:
    stream = cycle(numbers)
    out: list[str] = []
    compile_list(name, read_lists(text))(lambda: next(stream), out)
    return "".join(out)


def test_reads_words_patterns_and_stars() -> None:
    lists = read_lists(TEXT)
    assert lists.words == {"物": ["手机", "柚派", "充电器"], "牌": ["小米"]}
    assert lists.patterns == {"问": ["[请问|]{谁的}{物}死机[了[吗|没]|]？"], "谁的": ["我的"]}
    assert lists.invented == {"柚派"}


@pytest.mark.parametrize(
    ("numbers", "question"),
    [
        ((0.0,), "请问我的手机死机了吗？"),
        ((0.999,), "我的充电器死机？"),
        ((0.5,), "我的柚派死机？"),
        ((0.0, 0.5, 0.0, 0.5), "请问我的柚派死机了没？"),
    ],
)
def test_a_number_for_each_choice(numbers: tuple[float, ...], question: str) -> None:
    assert draw(TEXT, "问", *numbers) == question


def test_the_head_of_a_list_is_drawn_most() -> None:
    words = read_lists("[物]\n甲 乙 丙").words["物"]
    draws = [draw("[物]\n甲 乙 丙", "物", i / 1000) for i in range(1000)]
    counts = [draws.count(word) for word in words]
    assert counts == sorted(counts, reverse=True)
    assert counts == [384, 329, 287]  # 1/6 : 1/7 : 1/8


def test_a_drawn_word_is_not_drawn_again_while_there_are_others() -> None:
    assert draw("[物]\n甲 乙\n[[问]]\n{物}和{物}", "问", 0.1, 0.1, 0.9) == "甲和乙"
    assert draw("[物]\n甲\n[[问]]\n{物}和{物}", "问", 0.1) == "甲和甲"


def test_equal_seeds_give_these_sentences_on_every_platform() -> None:
    rand = Random(2018).random
    emit = compile_list("问", read_lists(TEXT))
    questions = []
    for _ in range(6):
        out: list[str] = []
        emit(rand, out)
        questions.append("".join(out))
    assert questions == [
        "我的手机死机？",
        "我的手机死机？",
        "请问我的手机死机？",
        "请问我的柚派死机了没？",
        "我的手机死机了吗？",
        "请问我的柚派死机了没？",
    ]


def test_the_first_file_wins() -> None:
    out: list[str] = []
    common = read_lists("[[问]]\n{物}[好|]吗\n[物]\n东西")
    compile_list("问", read_lists("[物]\n小狗"), common)(lambda: 0.0, out)
    assert "".join(out) == "小狗好吗"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("手机\n[物]", "line 1 stands before"),
        ("[[问]]\n{人}呢", "no list '人'"),
        ("[[问]]\n{问}呢", "list '问' calls itself"),
        ("[[问]]\n[甲|乙", r"\[ without a partner"),
        ("[[问]]\n甲乙]", r"\] without a partner"),
        ("[[问]]\n甲|乙", r"\| without a partner"),
        ("[[问]]\n{物乙", r"\{物乙 without a partner"),
    ],
)
def test_a_broken_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_list("问", read_lists(text))
