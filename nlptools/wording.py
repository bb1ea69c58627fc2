"""Numbers in the sentences of messages."""


def counted(number: int, noun: str) -> str:
    """Return a number of things: "1 word", "2,000 words"; noun: in the singular.

    >>> counted(2000, "planted word")
    '2,000 planted words'
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
