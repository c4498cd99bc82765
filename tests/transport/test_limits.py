"""Hostile and broken answers: refused in time and without filling the memory."""
# ruff: noqa: SIM117  (first the shop, then what is done with it)

from __future__ import annotations

import gzip
import json
import random
import resource
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartui.errors import AbortCycleError
from cartui.transport import Limits, RetryRules, Transport
from cartui.transport.limits import BodyError, check_json, parse_integer, parse_number, read_body
from tests.transport.raw_server import RawServer, Talk

ONCE = RetryRules(attempts=1)
ROOM_BYTES = 128 << 20


BOMB = gzip.compress(b"[" + b" " * (64 << 20) + b"]")


def gzip_bomb(talk: Talk) -> None:
    talk.answer(200, BOMB, {"Content-Encoding": "gzip"})


def double_gzip(talk: Talk) -> None:
    talk.answer(200, gzip.compress(gzip.compress(b"[]")), {"Content-Encoding": "gzip, gzip"})


def double_gzip_in_two_headers(talk: Talk) -> None:
    pairs = [("Content-Encoding", "gzip"), ("Content-Encoding", "gzip")]
    talk.answer(200, gzip.compress(gzip.compress(b"[]")), pairs)


def undeclared_second_gzip(talk: Talk) -> None:
    talk.answer(200, gzip.compress(gzip.compress(b"[]")), {"Content-Encoding": "gzip"})


def brotli(talk: Talk) -> None:
    talk.answer(200, b"\x0b\x01\x80[]\x03", {"Content-Encoding": "br"})


def truncated_gzip(talk: Talk) -> None:
    talk.answer(200, gzip.compress(b"[]")[:-4], {"Content-Encoding": "gzip"})


def gzip_with_a_tail(talk: Talk) -> None:
    talk.answer(200, gzip.compress(b"[]") + b"more", {"Content-Encoding": "gzip"})


def damaged_gzip(talk: Talk) -> None:
    talk.answer(200, gzip.compress(b"[]")[:-8] + b"\0" * 8, {"Content-Encoding": "gzip"})


def endless_chunks(talk: Talk) -> None:
    talk.head(200, {"Transfer-Encoding": "chunked"})
    block = b"[" * 65536
    while not talk.server.closing.is_set() and talk.chunk(block):
        pass


def endless_tiny_chunks(talk: Talk) -> None:
    talk.head(200, {"Transfer-Encoding": "chunked"})
    block = b"1\r\n[\r\n" * 10_000
    while not talk.server.closing.is_set() and talk.send(block):
        pass


def endless_headers(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\n")
    block = b"X-Filler: " + b"a" * 60_000 + b"\r\n"
    while not talk.server.closing.is_set() and talk.send(block):
        pass


def endless_continues(talk: Talk) -> None:
    block = b"HTTP/1.1 100 Continue\r\n\r\n" * 1000
    while not talk.server.closing.is_set() and talk.send(block):
        pass


def deep_json(talk: Talk) -> None:
    talk.answer(200, b"[" * 100_000 + b"]" * 100_000)


def deep_objects(talk: Talk) -> None:
    talk.answer(200, b'{"a":' * 100_000 + b"1" + b"}" * 100_000)


def no_length(talk: Talk) -> None:
    talk.head(200)
    talk.send(b"[1, 2")
    talk.cut()


def no_length_cut_at_a_bracket(talk: Talk) -> None:
    talk.head(200)
    talk.send(b'[{"id": 1}')
    talk.cut()


def cut_body(talk: Talk) -> None:
    talk.head(200, {"Content-Length": "100"})
    talk.send(b"[1,")
    talk.cut()


def cut_chunks(talk: Talk) -> None:
    talk.head(200, {"Transfer-Encoding": "chunked"})
    talk.chunk(b"[1,2]")
    talk.cut()


def half_json(talk: Talk) -> None:
    talk.answer(200, b'[{"id": 1, "name": "half')


def half_json_at_a_bracket(talk: Talk) -> None:
    talk.answer(200, b'[{"id": 1}')


def nothing_at_all(talk: Talk) -> None:
    talk.answer(200, b"")


def web_page(talk: Talk) -> None:
    talk.answer(200, b"<!doctype html><title>Log in</title>", content_type="text/html")


def web_page_called_json(talk: Talk) -> None:
    talk.answer(200, b"<br /><b>Notice</b>: Undefined index", content_type="application/json")


def plain_text(talk: Talk) -> None:
    talk.answer(200, b"[]", content_type="text/plain")


BAD = [
    gzip_bomb, double_gzip, double_gzip_in_two_headers, undeclared_second_gzip, brotli,
    truncated_gzip, gzip_with_a_tail, damaged_gzip, endless_chunks, endless_tiny_chunks, endless_headers,
    endless_continues, deep_json, deep_objects, no_length, no_length_cut_at_a_bracket, cut_body, cut_chunks, half_json,
    half_json_at_a_bracket, nothing_at_all, web_page, web_page_called_json, plain_text,
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.__name__)
def test_a_bad_answer_is_refused_within_two_seconds(bad: Callable[[Talk], None]) -> None:
    """It ends the cycle with a sentence and a remedy; the memory hardly grows."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with RawServer(bad) as shop, Transport(shop.url, retry=ONCE) as transport:
        started = time.monotonic()
        with pytest.raises(AbortCycleError) as caught:
            transport.get_json("orders")
        assert time.monotonic() - started < 2
        assert caught.value.problem.endswith(".")
        assert caught.value.remedy
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024 < ROOM_BYTES


def test_an_answer_without_a_length_is_taken_where_it_is_whole() -> None:
    """PHP's own web server sends none, and closes: a document that can be parsed to its end is all there is."""

    def whole(talk: Talk) -> None:
        talk.head(200)
        talk.send(b'[{"id": 1}]\n')
        talk.cut()

    with RawServer(whole) as shop, Transport(shop.url, retry=ONCE) as transport:
        assert transport.get_json("orders").json == [{"id": 1}]


@pytest.mark.parametrize(
    "limits",
    [Limits(decoded_bytes=50_000), Limits(wire_bytes=50_000), Limits(ratio=1)],
    ids=["decoded", "wire", "ratio"],
)
def test_each_cap_holds_by_itself(limits: Limits) -> None:
    """Size on the wire, size when unpacked, and the ratio between them."""
    random_text = random.Random(1).randbytes(150_000).hex().encode()
    body = random_text if limits.wire_bytes == 50_000 else gzip.compress(random_text * 5)
    encoding = "" if limits.wire_bytes == 50_000 else "gzip"
    pieces = [body[start : start + 7000] for start in range(0, len(body), 7000)]
    read_body(pieces, encoding, Limits())
    with pytest.raises(BodyError, match=r"larger than|far beyond"):
        read_body(pieces, encoding, limits)


def dripping_body(talk: Talk) -> None:
    talk.head(200, {"Content-Length": "100000"})
    talk.drip(b"[" * 100_000, 0.02)


def dripping_headers(talk: Talk) -> None:
    talk.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 90_000, 0.02)


def silence(talk: Talk) -> None:
    talk.hang()


@pytest.mark.parametrize("slow", [dripping_body, dripping_headers, silence], ids=lambda slow: slow.__name__)
def test_a_slow_answer_ends_at_the_deadline(slow: Callable[[Talk], None]) -> None:
    """However steadily it drips."""
    limits = Limits(deadline_seconds=0.6, read_seconds=0.5)
    with RawServer(slow) as shop, Transport(shop.url, limits=limits, retry=ONCE) as transport:
        started = time.monotonic()
        with pytest.raises(AbortCycleError, match="did not answer in time"):
            transport.get_json("orders")
        assert time.monotonic() - started < 1.6


def test_a_web_page_instead_of_data_is_named_so() -> None:
    """The remedy speaks of the address of the API."""
    with RawServer(web_page) as shop, Transport(shop.url) as transport:
        with pytest.raises(AbortCycleError, match="a web page instead of data") as caught:
            transport.get_json("orders")
        assert "address is the one of the shop's API" in caught.value.remedy


def chunked(talk: Talk) -> None:
    talk.head(200, {"Transfer-Encoding": "chunked"})
    for piece in (b'{"a":', b' "\\"[{"}', b""):
        talk.chunk(piece)


def zipped(talk: Talk) -> None:
    talk.answer(200, gzip.compress(b'{"a": "\\"[{"}'), {"Content-Encoding": "gzip"})


def with_bom(talk: Talk) -> None:
    talk.answer(200, b'\xef\xbb\xbf{"a": "\\"[{"}', content_type="application/problem+json; charset=utf-8")


def zipped_until_the_end(talk: Talk) -> None:
    talk.head(200, {"Content-Encoding": "gzip"})
    talk.send(gzip.compress(b'{"a": "\\"[{"}'))
    talk.cut()


@pytest.mark.parametrize("good", [chunked, zipped, with_bom, zipped_until_the_end], ids=lambda good: good.__name__)
def test_proper_answers_of_all_kinds_are_read(good: Callable[[Talk], None]) -> None:
    """Chunked, compressed, with a byte order mark, and without a length but with gzip's own end."""
    with RawServer(good) as shop, Transport(shop.url) as transport:
        assert transport.get_json("orders").json == {"a": '"[{'}
        assert shop.requests[0].headers["accept-encoding"] == "gzip"


def test_a_well_compressed_small_answer_is_fine() -> None:
    """The ratio is judged from a megabyte on only."""
    body = gzip.compress(b"[" + b" " * 500_000 + b"]")
    with RawServer(lambda talk: talk.answer(200, body, {"Content-Encoding": "gzip"})) as shop:
        with Transport(shop.url) as transport:
            assert transport.get_json("orders").json == []


def test_numbers_are_decimal_and_senseless_ones_stay_text() -> None:
    """No float, and no number that takes seconds to compute."""
    digits = "9" * 5000
    body = f"[12.30, 7, 1e1000000, {digits}, NaN, -0.5]".encode()
    with RawServer(lambda talk: talk.answer(200, body)) as shop, Transport(shop.url) as transport:
        parsed = transport.get_json("x").json
    assert parsed == [Decimal("12.30"), 7, "1e1000000", digits, "NaN", Decimal("-0.5")]
    assert (parse_number("1.5"), parse_integer("12")) == (Decimal("1.5"), 12)


def test_a_torn_character_is_replaced_and_whole_pairs_stay() -> None:
    """Half of a surrogate pair, escaped or as bytes, in a text or a name; no database and no UTF-8 holds one."""
    body = rb'{"a": "x\ud800y", "b": "\ud83d\ude00", "\uDC00": ["\\ud800", 1.5], "c": "' + b'\xed\xa0\x80"}'
    with RawServer(lambda talk: talk.answer(200, body)) as shop, Transport(shop.url) as transport:
        parsed = transport.get_json("x").json
    assert parsed == {"a": "x\ufffdy", "b": "😀", "\ufffd": ["\\ud800", Decimal("1.5")], "c": "\ufffd"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


@given(json_values, st.booleans())
def test_the_scan_agrees_with_the_parser(value: object, ascii_only: bool) -> None:
    """Depth is counted exactly, whatever brackets, quotes and backslashes stand in texts."""
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    depth = depth_of(value)
    check_json(body, max(depth, 1))
    if depth >= 1:
        with pytest.raises(BodyError, match="nested deeper"):
            check_json(body, depth - 1)


@given(st.lists(st.text(), min_size=1), st.data())
def test_the_scan_sees_every_cut_of_a_document(texts: list[str], data: st.DataObject) -> None:
    """An answer that ends too early is not taken for a short one."""
    body = json.dumps({"rows": texts}).encode()
    cut = data.draw(st.integers(1, len(body) - 1))
    with pytest.raises(BodyError, match="broke off"):
        check_json(body[:cut], 64)


def test_the_scan_sees_a_cut_text() -> None:
    """Even one that is the whole document."""
    with pytest.raises(BodyError, match="broke off"):
        check_json(b'"half a wo', 64)
