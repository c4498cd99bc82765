"""Texts that a shop, or whoever types into it, may send. Generated from rules, so that each rule has its examples."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

ESC: Final = "\x1b"


def _commands() -> Iterator[str]:
    for command in (
        "[2J",
        "[31mred",
        "[?1049h",
        "]0;title\x07",
        "]52;c;ZXZpbA==\x07",
        "]8;;http://x\x07link",
        "c",
        "P1$r",
        "^pm",
    ):
        yield f"shoe{ESC}{command}"
    for code in (0x80, 0x84, 0x85, 0x8D, 0x90, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F):
        yield f"c1{chr(code)}31mred"
    for code in (*range(9), 0x0B, 0x0C, 0x0E, 0x0F, 0x18, 0x1A, 0x7F):
        yield f"c0{chr(code)}end"


def _lines() -> Iterator[str]:
    yield from (
        "two\nlines",
        "two\r\nlines",
        "over\rwrite",
        "tab\tbed",
        "line\u2028sep",
        "para\u2029sep",
        "\n\n\n",
        "end\n",
    )


def _hidden() -> Iterator[str]:
    for code in (
        0x00AD,
        0x034F,
        0x061C,
        0x115F,
        0x180E,
        0x200B,
        0x200C,
        0x200D,
        0x200E,
        0x200F,
        0x2060,
        0x2064,
        0x3164,
        0xFEFF,
    ):
        yield f"SKU{chr(code)}1"
    for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)):
        yield f"invoice{chr(code)}fdp.exe"
    yield "tags" + "".join(chr(0xE0000 + ord(char)) for char in "hidden")
    yield "\U000e0001tag"
    yield "selector\ufe0f\ufe0e\U000e0100"


def _floods() -> Iterator[str]:
    yield "Z" + "\u0300\u0301\u0302\u0489" * 200
    yield "\u0300" * 500
    yield "x" * 100_000
    yield "\u0e01" + "\u0e49" * 100
    yield "漢" * 5_000


def _markup() -> Iterator[str]:
    yield from (
        "[/foo]",
        "[@click=app.quit]press[/]",
        "[red]not red[/red]",
        "[[[",
        "\\[bold]",
        "[link=http://x]y[/link]",
        "{{7*7}}",
        "%s%n",
    )
    yield from (
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        '=HYPERLINK("http://x","y")',
        "<script>alert(1)</script>",
        "'; drop table orders; --",
    )


def _scripts() -> Iterator[str]:
    yield from (
        "שלום עולם",
        "مرحبا بالعالم",
        "नमस्ते",
        "ไทยน้ำ",
        "日本語の靴",
        "👨\u200d👩\u200d👧 family",
        "❤\ufe0f love",
        "🇩🇪 flag",
        "é e\u0301",
    )


def _broken() -> Iterator[str]:
    yield from (
        "high\ud800",
        "low\udc00",
        "\udfff\ud800 both",
        "nul\x00led",
        "\ufffe non",
        "\uffff",
        "",
        " ",
        "\u00a0",
        "\u3000wide",
    )


HOSTILE_TEXTS: Final[tuple[str, ...]] = tuple(
    chain(_commands(), _lines(), _hidden(), _floods(), _markup(), _scripts(), _broken())
)
"""Well over sixty strings; none may reach a terminal, a log or a file as it is if it commands, hides or floods."""


def forbidden_in(text: str) -> list[str]:
    """The characters of ``text`` that must never be drawn: a second opinion, by code point and not by category."""
    bad = []
    for char in text:
        code = ord(char)
        if (
            code < 0x20
            or 0x7F <= code <= 0x9F
            or code in {0xAD, 0x61C, 0x180E, 0xFEFF, 0x115F, 0x3164, 0x034F}
            or 0x200B <= code <= 0x200F
            or 0x2028 <= code <= 0x202E
            or 0x2060 <= code <= 0x206F
            or 0xD800 <= code <= 0xDFFF
            or 0xE0000 <= code <= 0xE0FFF
        ):
            bad.append(f"U+{code:04X}")
    return bad
