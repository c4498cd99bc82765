"""How much a cart may send: sizes, ratio, depth. Answers beyond that are refused before they cost memory."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

_TINY_BYTES = 1 << 20  # below this an answer can't hurt, however well it was compressed
_CHUNK = 1 << 16
_NO_JSON_MARKS = bytes(set(range(256)) - set(b'"[]{}'))
_BRACES_TO_BRACKETS = bytes.maketrans(b"{}", b"[]")
_MOST_STRINGS_WITH_BRACKETS = 1_000_000
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?")
ENDLESS = "The shop's answer is larger than any real one."


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, seconds and counts for one request. `deadline_seconds` holds for all tries and waits of a request, from
    its first byte; `read_seconds` is the longest silence."""

    wire_bytes: int = 16 << 20
    decoded_bytes: int = 32 << 20
    ratio: int = 200
    json_depth: int = 64
    error_bytes: int = 64 << 10
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    deadline_seconds: float = 60.0


class BodyError(Exception):
    """An answer's body that can't be used. `transient`: a second try may bring a good one."""

    def __init__(self, problem: str, remedy: str, *, transient: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
        self.transient = transient


def too_large(limit: int) -> BodyError:
    return BodyError(ENDLESS, f"cartui reads at most {limit >> 20} MiB; choose smaller pages, or check the address.")


def cut_short() -> BodyError:
    return BodyError(
        "The shop's answer broke off before its end.",
        "cartui tries again by itself. If it stays so, ask the shop's host about time or memory limits.",
        transient=True,
    )


def read_body(chunks: Iterable[bytes], encoding: str, limits: Limits) -> tuple[bytes, int]:
    """The decoded body and the bytes that came over the wire. `encoding` is the Content-Encoding header ("" if none).
    Raises BodyError beyond a limit, for a broken or cut gzip stream, and for any encoding but one layer of gzip."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return _read_plain(chunks, limits)
    if encoding in ("gzip", "x-gzip"):
        return _read_gzip(chunks, limits)
    raise BodyError(
        "The shop's answer is compressed in a way that was not asked for.",
        "Only one layer of gzip is read; switch the other compression off in the web server or the cache before it.",
    )


def _read_plain(chunks: Iterable[bytes], limits: Limits) -> tuple[bytes, int]:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limits.wire_bytes:
            raise too_large(limits.wire_bytes)
    return bytes(body), len(body)


def _read_gzip(chunks: Iterable[bytes], limits: Limits) -> tuple[bytes, int]:
    inflater = zlib.decompressobj(wbits=31)
    body = bytearray()
    wire = 0
    for chunk in chunks:
        wire += len(chunk)
        if wire > limits.wire_bytes:
            raise too_large(limits.wire_bytes)
        rest = chunk
        while rest:
            body += _inflate(inflater, rest)
            if len(body) > limits.decoded_bytes:
                raise too_large(limits.decoded_bytes)
            if len(body) > _TINY_BYTES and len(body) > limits.ratio * wire:
                raise BodyError(
                    "The shop's answer is compressed far beyond what real data is.",
                    "Check that the address is the one of the shop's API.",
                )
            if inflater.unused_data:
                raise BodyError("Something follows the end of the shop's compressed answer.", _SEE_HOST)
            rest = inflater.unconsumed_tail
    if wire and not inflater.eof:
        raise cut_short()
    return bytes(body), wire


_SEE_HOST = "If it stays so, ask the shop's host about the compression in its web server or cache."


def _inflate(inflater: zlib._Decompress, chunk: bytes) -> bytes:
    problem = ""
    try:
        return inflater.decompress(chunk, _CHUNK)
    except zlib.error:
        problem = "The shop's compressed answer is damaged."
    raise BodyError(problem, _SEE_HOST, transient=True)


def check_json(body: bytes, depth: int) -> None:
    """Raises BodyError where brackets and quotes don't close (a cut answer) or nest deeper than `depth`.

    Costs a few passes at C speed and no parser: escapes are dropped, everything but quotes and brackets is dropped,
    then what stands in strings, and each pass over the rest removes one level of empty brackets. It does not check
    the rest of the grammar; the parser does."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = body.translate(_BRACES_TO_BRACKETS, _NO_JSON_MARKS).replace(b'""', b"")
    quotes = marks.count(b'"')
    if quotes % 2:
        raise cut_short()
    if quotes > 2 * _MOST_STRINGS_WITH_BRACKETS:
        raise too_large(len(body))
    if quotes:
        marks = b"".join(marks.split(b'"')[::2])
    for _ in range(depth):
        shorter = marks.replace(b"[]", b"")
        if len(shorter) == len(marks):
            break
        marks = shorter
    if not marks:
        return
    if b"[]" in marks:
        raise BodyError(
            f"The shop's answer is nested deeper than {depth} levels.",
            "Check that the address is the one of the shop's API.",
        )
    raise cut_short()


def parse_number(text: str) -> Decimal | str:
    """A JSON number with a point or an exponent as Decimal. Anything a shop has no use for (1e1000000, 5,000 digits)
    stays text, so that the record that holds it is the one that fails, not the page."""
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def parse_integer(text: str) -> int | str:
    """As `parse_number`, for whole numbers: 64-bit ids pass."""
    return int(text) if len(text) <= 20 else text
