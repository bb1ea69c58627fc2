"""The words of a segmenter, or those that discovery found, as a file for other programs."""

import json
import math
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

from nlptools.checks import check_choice, check_numbers
from nlptools.corpus.records import open_records
from nlptools.corpus.writing import atomic_file, check_place
from nlptools.errors import InputError, OutputError

VocabularyFormat = Literal["jieba", "hanlp", "pkuseg", "ltp", "sentencepiece", "tokenizers"]

Counts = list[tuple[str, int]]
"""Distinct words, and how often each occurs; most frequent first."""

# A line cannot hold these: white space, control characters, and the byte order mark, which readers drop.
_NO_WORD = "[\\p{Cc}\\p{Z}\ufeff]|^$"
_LARGEST_INT = 2**31 - 1  # of Java
_ASCII = [chr(code) for code in range(0x20, 0x7F)]
_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
_BYTE_SCORE = -1000.0  # a byte stands only for what no other piece can spell
_BLANK = "▁"  # how sentencepiece writes a space


def export_vocabulary(
    words: Any,
    path: str | Path,
    format: VocabularyFormat,
    *,
    min_count: int = 1,
    top: int | None = None,
) -> int:
    """Write words as a file that another program loads; return how many words of the table it has.

    words: a table with the columns word and count, such as `Segmenter.words()` or the result of `find_new_words`. The
        counts of a word that comes twice are added. Left out are words with white space or control characters,
        those that mean something else to the reader, and for hanlp, pkuseg and ltp, whose dictionaries may
        overrule their models, single characters.
    format: jieba: `word count` lines, for `jieba.Tokenizer(dictionary=path)` or `load_userdict`. hanlp: `word nz count`
        lines, the custom dictionary of HanLP 1. pkuseg, ltp: a word a line. sentencepiece: by suffix, .model for
        `SentencePieceProcessor`, .vocab for its pieces and log probabilities, .tsv for pieces and counts, the seeds of
        `spm_train`. tokenizers: JSON with a Unigram model, for `tokenizers.Tokenizer.from_file`.
    min_count: leave out rarer words. top: keep only so many of the most frequent words.

    Raises InputError if no word is left, OptionError and OutputError if it cannot be done as asked.
    """
    check_export(path, format)
    check_numbers(min_count=min_count, top=top)
    wanted = _usable(words, min_count, top, format)
    if not wanted:
        raise InputError(f"no word is left to write as {format}; give more words, or a lower --min-count")
    with atomic_file(path) as file:
        file.write(_writer(path, format)(wanted))
    return len(wanted)


def check_export(path: str | Path, format: str) -> None:
    """Raise OptionError or OutputError now if `export_vocabulary` could not write to `path` later."""
    check_choice(get_args(VocabularyFormat), format=format)
    _writer(path, format)
    check_place(path)


def read_words(path: str | Path) -> Any:
    """Return the columns word and count of a table in a file, such as what `nlptools newwords` writes.

    Raises InputError if they are not there, or counts are no whole numbers.
    """
    records = open_records(Path(path), columns=["word", "count"], strict=True)
    return _columns(pa.Table.from_batches(records, records.schema), str(path))


def _columns(words: Any, name: str) -> Any:
    if not {"word", "count"} <= set(words.column_names):
        raise InputError(f"{name}: the columns are {', '.join(words.column_names)}; give a table with word and count")
    try:
        columns = {"word": words["word"].cast(pa.large_string()), "count": words["count"].cast(pa.int64())}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"{name}: a count is no whole number ({error}); give a table with word and count") from error
    return pa.table(columns)


def _usable(words: Any, min_count: int, top: int | None, format: str) -> Counts:
    table = _columns(words, "the words")
    table = table.filter(pc.invert(pc.match_substring_regex(table["word"], _NO_WORD)))  # null is no word, too
    table = table.filter(pc.greater(table["count"], 0)).group_by("word").aggregate([("count", "sum")])
    table = table.filter(pc.greater_equal(table["count_sum"], min_count))
    table = table.sort_by([("count_sum", "descending"), ("word", "ascending")])
    allowed = _ALLOWED.get(format)
    counts = zip(table["word"].to_pylist(), table["count_sum"].to_pylist(), strict=True)
    return [pair for pair in counts if allowed is None or allowed(pair[0])][:top]


def _is_no_character(word: str) -> bool:
    return len(word) > 1


def _is_no_symbol(word: str) -> bool:
    """Say whether a word is no symbol of a subword model."""
    return _BLANK not in word and word not in _SYMBOLS


_SYMBOLS = {"<unk>", "<s>", "</s>", *_BYTES}
_ALLOWED: dict[str, Callable[[str], bool]] = {
    "hanlp": _is_no_character,
    "pkuseg": _is_no_character,
    "ltp": _is_no_character,
    "sentencepiece": _is_no_symbol,
    "tokenizers": _is_no_symbol,
}


def _writer(path: str | Path, format: str) -> Callable[[Counts], bytes]:
    name = Path(path).name
    suffix = Path(path).suffix.lower()
    if format == "hanlp" and (suffix in (".csv", ".tsv") or " " in name):
        raise OutputError(
            f"{path}: HanLP takes a .csv or .tsv, or a name with a space, for something else; name a .txt"
        )
    if format != "sentencepiece":
        return _WRITERS[format]
    if suffix not in _SENTENCEPIECE:
        raise OutputError(f"{path}: the suffix says which file of sentencepiece: {', '.join(_SENTENCEPIECE)}; give one")
    return _SENTENCEPIECE[suffix]


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _jieba(words: Counts) -> bytes:
    return _lines(f"{word} {count}" for word, count in words)


def _hanlp(words: Counts) -> bytes:
    return _lines(f"{word} nz {min(count, _LARGEST_INT)}" for word, count in words)


def _plain(words: Counts) -> bytes:
    return _lines(word for word, _ in words)


def _pieces(words: Counts) -> list[tuple[str, float]]:
    """Return the words and all characters in them, ASCII too, with the natural log of their probability.

    A character that is no word has the probability of a word that occurs once.
    """
    total = math.fsum(count for _, count in words)
    scores = {word: math.log(count / total) for word, count in words}
    characters = {character for word, _ in words for character in word}
    for character in sorted(characters.union(_ASCII)):
        scores.setdefault(character, math.log(1 / total))
    return list(scores.items())


def _tokenizers(words: Counts) -> bytes:
    """Return a tokenizer whose `decode` gives every text back: what no piece spells is written in bytes."""
    vocabulary = [("<unk>", 0.0), *((byte, _BYTE_SCORE) for byte in _BYTES), *_pieces(words)]
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": True, "vocab": vocabulary},
    }
    return json.dumps(tokenizer, ensure_ascii=False).encode()


_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6  # types of pieces


def _sentencepieces(words: Counts) -> list[tuple[str, float, int]]:
    """Return all pieces of a model of sentencepiece: text, log probability, type."""
    symbols = [("<unk>", 0.0, _UNKNOWN), ("<s>", 0.0, _CONTROL), ("</s>", 0.0, _CONTROL)]
    spelled = ((_BLANK if piece == " " else piece, score, _NORMAL) for piece, score in _pieces(words))
    return [*symbols, *((byte, _BYTE_SCORE, _BYTE) for byte in _BYTES), *spelled]


def _sentencepiece_vocabulary(words: Counts) -> bytes:
    return _lines(f"{piece}\t{score:.6g}" for piece, score, _ in _sentencepieces(words))


def _sentencepiece_seeds(words: Counts) -> bytes:
    return _lines(f"{word}\t{count}" for word, count in words)


def _sentencepiece_model(words: Counts) -> bytes:
    """Return the protocol buffer ModelProto of a unigram model that changes no text and knows all bytes."""
    pieces = _sentencepieces(words)
    parts = [
        _field(1, _field(1, piece.encode()) + b"\x15" + struct.pack("<f", score) + _number(3, kind))
        for piece, score, kind in pieces
    ]
    trainer = _number(3, 1) + _number(4, len(pieces)) + _number(35, 1)  # unigram, vocab_size, byte_fallback
    normalizer = _field(1, b"identity") + _number(3, 0) + _number(4, 0) + _number(5, 1)
    return b"".join([*parts, _field(2, trainer), _field(3, normalizer)])


def _field(number: int, data: bytes) -> bytes:
    """Return bytes as a field of a protocol buffer."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    """Return a number as a field of a protocol buffer."""
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


_WRITERS: dict[str, Callable[[Counts], bytes]] = {
    "jieba": _jieba,
    "hanlp": _hanlp,
    "pkuseg": _plain,
    "ltp": _plain,
    "tokenizers": _tokenizers,
}
_SENTENCEPIECE: dict[str, Callable[[Counts], bytes]] = {
    ".model": _sentencepiece_model,
    ".vocab": _sentencepiece_vocabulary,
    ".tsv": _sentencepiece_seeds,
}
