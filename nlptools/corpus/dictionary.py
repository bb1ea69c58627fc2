"""Dictionaries and word lists of the user."""

from collections.abc import Callable
from pathlib import Path

from nlptools.errors import InputError


def read_dictionary(path: str | Path, fold: Callable[[str], str] = lambda text: text) -> set[str]:
    """Return the words of a dictionary: the first field of each line, as in jieba's dictionaries and plain lists.

    fold: applied to the whole text, such as `nlptools.text.scripts.folder("simplified")`.
    Raises InputError if the file cannot be read or holds no word.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such dictionary; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a directory; give the dictionary file in it") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}); convert it first: iconv -f GB18030 -t UTF-8 {path} > new.txt"
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions") from None
    words = {line.split(None, 1)[0] for line in fold(text).splitlines() if line.strip()}
    if not words:
        raise InputError(f"{path} holds no word; a dictionary has one word a line, anything after a space is ignored")
    return words
