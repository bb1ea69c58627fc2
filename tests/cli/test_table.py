"""Alignment as a terminal sees it."""

import pytest

from nlptools_cli.table import clip, display_width, format_table


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("word", 4),
        ("充电宝", 6),
        ("𠮷野家 5G", 9),
        ("ＡＢＣ", 6),  # full-width
        ("ｱｲｳ", 3),  # half-width
        ("，。", 4),
        ("é", 1),
        ("e\u0301", 1),  # combining acute
        ("한", 2),
        ("\u1112\u1161\u11ab", 2),  # the same in parts
        ("👍", 2),
        ("👍🏽", 2),  # with a skin tone
        ("👩\u200d💻", 2),  # woman + joiner + computer
        ("❤", 1),
        ("❤\ufe0f", 2),  # as an emoji
        ("🇨🇳", 2),  # flag
        ("a\u200bb", 2),  # zero-width space
        ("✓", 1),
    ],
)
def test_width(text: str, width: int) -> None:
    assert display_width(text) == width


def test_columns_align() -> None:
    table = format_table(["word", "n"], [["𠮷野家", "3"], ["👍", "12"], ["ok", "123"]], "<>")
    assert table.split("\n") == [
        "word      n",
        "𠮷野家    3",
        "👍       12",
        "ok      123",
    ]
    assert {display_width(line) for line in table.split("\n")} == {11}


def test_no_spaces_at_the_ends() -> None:
    assert format_table(["a", "b"], [["1", ""], ["2", "✓"]], "><") == "a  b\n1\n2  ✓"


def test_a_table_has_one_line_a_row_and_steers_no_terminal() -> None:
    table = format_table(["word"], [["a\nb"], ["\x1b[31mred"], ["\udcff"]], "<")
    assert table.split("\n") == ["word", "a\\nb", "\\x1b[31mred", "\\udcff"]


@pytest.mark.parametrize(
    ("text", "columns", "clipped"), [("充电宝", 6, "充电宝"), ("充电宝", 5, "充电…"), ("充电宝", 4, "充…")]
)
def test_clip(text: str, columns: int, clipped: str) -> None:
    assert clip(text, columns) == clipped
