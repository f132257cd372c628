"""A command written as one text, split into words as Compose does: quotes and backslashes, no shell."""

from __future__ import annotations

SPACE = " \t\r\n"
OPERATORS = ";&|<>()"


def split(command: str) -> list[str]:
    """The words of a command.

    Raises:
        ValueError: a quote has no end, or an operator that only a shell understands stands outside quotes.
    """
    words: list[str] = []
    word: str | None = None
    quote = ""
    characters = iter(command)
    for character in characters:
        if character == "\\" and quote != "'":
            word = (word or "") + next(characters, "\\")
        elif quote:
            if character == quote:
                quote = ""
            else:
                word = (word or "") + character
        elif character in "'\"":
            quote, word = character, word or ""
        elif character in SPACE:
            if word is not None:
                words.append(word)
            word = None
        elif character in OPERATORS:
            raise ValueError(f"{character} needs a shell; write [sh, -c, '…']")
        else:
            word = (word or "") + character
    if quote:
        raise ValueError(f"the quote {quote} has no end")
    return words if word is None else [*words, word]
