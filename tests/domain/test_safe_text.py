"""safe_text takes out what commands, hides or floods, and leaves honest text alone."""

import pytest

from cartui.domain.safe_text import MAX_COMBINING, is_safe_text, safe_text
from tests.domain.hostile import HOSTILE_TEXTS, forbidden_in


def test_corpus_is_large_enough() -> None:
    """The corpus other tests rely on keeps its size."""
    assert len(HOSTILE_TEXTS) >= 60
    assert sum(bool(forbidden_in(text)) for text in HOSTILE_TEXTS) >= 50


@pytest.mark.parametrize("number", range(len(HOSTILE_TEXTS)))
def test_nothing_forbidden_survives_and_twice_is_once(number: int) -> None:
    """No hostile text keeps a forbidden character or exceeds the limit, and a second pass changes nothing."""
    clean = safe_text(HOSTILE_TEXTS[number], 300)
    assert forbidden_in(clean) == []
    assert len(clean) <= 300
    assert safe_text(clean, 300) == clean
    clean.encode()


@pytest.mark.parametrize("text", ["plain", "[/foo]", "שלום", "日本語", "Größe 42 – ½", "নাম", "é\u0301", "=1+1", ""])
def test_honest_text_and_markup_stay(text: str) -> None:
    """Living scripts, markup and formulas are text like any other."""
    assert safe_text(text) == text
    assert is_safe_text(text)


def test_line_breaks_become_spaces_unless_kept() -> None:
    """A cell has one line; a comment may keep its lines."""
    assert safe_text("a\r\nb\tc\rd") == "a b c d"
    assert safe_text("a\r\nb\tc", keep_lines=True) == "a\nb\tc"


def test_a_hidden_character_leaves_a_trace() -> None:
    """Two codes that differ in an invisible character don't look equal."""
    assert safe_text("SKU\u200b1") == "SKU\ufffd1"
    assert not is_safe_text("SKU\u200b1")


def test_combining_flood_is_capped() -> None:
    """At most MAX_COMBINING marks stand on one letter."""
    assert safe_text("Z" + "\u0301" * 50 + "a") == "Z" + "\u0301" * MAX_COMBINING + "a"


def test_long_text_ends_in_an_ellipsis() -> None:
    """The cut is visible and the limit exact."""
    assert safe_text("x" * 50, 10) == "x" * 9 + "…"
