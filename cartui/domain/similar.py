"""How alike two names are, and which of many names are worth comparing. Pure, exact, and quick without any package.

`ratio` is the share of letters that stand in both in the same order: 2 x longest common subsequence / all letters, the
same number as rapidfuzz's `fuzz.ratio` (decision 010). The subsequence is counted in the bits of one integer a name, so
that a comparison costs a few microseconds; `NameIndex` sees to it that a name meets only names that share a rare word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

_RARE: Final = 40  # names that share a word; a word of more says little
_WORDS: Final = 4  # the rarest words of a name that are looked up
_STEM: Final = 4
MOST: Final = 12
"""Candidates that are compared letter by letter."""


def plain_words(text: str) -> str:
    """Lower case, without accents and punctuation, one blank between words."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join([char for char in text if not unicodedata.combining(char)])
    return " ".join("".join([char if char.isalnum() else " " for char in text.casefold()]).split())


def sorted_words(text: str) -> str:
    """As `plain_words`, the words in the order of the alphabet: "mug, red" and "Red Mug" are the same."""
    return " ".join(sorted(plain_words(text).split()))


def masks_of(text: str) -> dict[str, int]:
    """For each letter the bits of its places: what `ratio` needs of one side, made once."""
    masks: dict[str, int] = {}
    bit = 1
    for char in text:
        masks[char] = masks.get(char, 0) | bit
        bit <<= 1
    return masks


def ratio(masks: Mapping[str, int], length: int, text: str) -> int:
    """0 to 100, rounded down: how alike a text of that length with these masks and `text` are. Two empty texts: 100."""
    letters = length + len(text)
    if not letters:
        return 100
    full = (1 << length) - 1
    row = full
    for char in text:
        hits = row & masks.get(char, 0)
        row = ((row + hits) | (row - hits)) & full
    return 200 * (full ^ row).bit_count() // letters


class NameIndex:
    """Names by number, found by the words that few of them have. The names must be `sorted_words`."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._masks: dict[int, dict[str, int]] = {}
        self._with: dict[str, list[int]] = {}
        for number, name in enumerate(self._names):
            for word in _marks(name):
                self._with.setdefault(word, []).append(number)

    def alike(self, name: str, least: int) -> list[tuple[int, int]]:
        """The numbers of names that are at least so alike, with the ratio, best first; a name without words is like
        none."""
        votes: dict[int, float] = {}
        found = [some for word in _marks(name) if (some := self._with.get(word))]
        for some in sorted(found, key=len)[:_WORDS]:
            weight = 1 / len(some)
            for number in some[:_RARE]:
                votes[number] = votes.get(number, 0.0) + weight
        best = sorted(votes, key=lambda number: (-votes[number], number))[:MOST]
        told = [(self._ratio(number, name), number) for number in best]
        return [(number, score) for score, number in sorted(told, key=lambda one: (-one[0], one[1])) if score >= least]

    def _ratio(self, number: int, name: str) -> int:
        masks = self._masks.get(number)
        if masks is None:
            masks = self._masks[number] = masks_of(self._names[number])
        return ratio(masks, len(self._names[number]), name)


def _marks(name: str) -> set[str]:
    """The words, and the beginnings of the long ones: so a slip at a word's end is forgiven."""
    words = name.split()
    return {*words, *(f"{word[:_STEM]}*" for word in words if len(word) > _STEM)}
