"""Secrets in nothing that a person, a log or a traceback may show."""
# ruff: noqa: SIM117  (first the shop, then what is done with it)

from __future__ import annotations

import base64
import logging
import subprocess
import sys
import traceback
from collections.abc import Callable

import pytest

from cartui.errors import CartuiError, NeedsOperatorError
from cartui.transport import (
    Exchange,
    RedactingFilter,
    RetryRules,
    Transport,
    basic_auth,
    bearer_auth,
    header_auth,
    redact,
    register_secret,
)
from tests.transport.raw_server import RawServer, Talk

CANARY = "c4nary/+w\u00f6rd"
ASCII_CANARY = "c4nary-t0ken/+x="


@pytest.mark.parametrize(
    "text",
    [
        "https://user:HIDDEN@shop.example/x",
        "GET https://shop.example/api?ws_key=HIDDEN&page=2",
        "https://shop.example/?a=1&consumer_key=HIDDEN&consumer_secret=HIDDEN",
        "?access_token=HIDDEN#x",
        "?key=HIDDEN",
        "?password=HIDDEN",
        "?oauth_signature=HIDDEN",
        "Authorization: Basic HIDDEN",
        "{'authorization': 'Bearer HIDDEN'}",
        "X-Shopify-Access-Token: HIDDEN",
        "Cookie: session=HIDDEN; other=HIDDEN",
        '{"password": "HIDDEN", "user": "x"}',
        "sent Bearer HIDDENHIDDEN",
    ],
)
def test_places_where_secrets_stand_are_masked(text: str) -> None:
    """Even for values that nobody registered."""
    assert "HIDDEN" not in redact(text)
    assert "***" in redact(text)


def test_what_is_no_secret_stays() -> None:
    """A log that shows nothing helps nobody."""
    for text in ("GET https://shop.example/orders?page=2&monkey=7", "order 7: passed", "an@example.org"):
        assert redact(text) == text


def test_registered_values_are_masked_in_all_their_forms() -> None:
    """As they are, quoted, and in base64."""
    register_secret(CANARY)
    for form in (CANARY, "c4nary%2F%2Bw%C3%B6rd", base64.b64encode(CANARY.encode()).decode()):
        assert form not in redact(f"before {form} after")
        assert redact(f"before {form} after") == "before *** after"


def test_a_value_too_short_to_be_a_secret_is_left_alone() -> None:
    """It would blank half of every sentence."""
    register_secret("a")
    assert redact("a cart") == "a cart"


def test_the_log_filter_masks_messages_and_drops_exceptions(caplog: pytest.LogCaptureFixture) -> None:
    """An exception is reduced to its type: its text is not ours."""
    logger = logging.getLogger("tests.secrets")
    logger.addFilter(RedactingFilter())
    try:
        raise ValueError("HIDDEN")
    except ValueError:
        logger.warning("GET %s", "https://shop.example/?ws_key=HIDDEN", exc_info=True)
    assert "HIDDEN" not in caplog.text
    assert "ValueError" in caplog.text


def echo(code: int) -> Callable[[Talk], None]:
    """A shop that repeats in its error what it was sent, as debug pages do."""

    def answer(talk: Talk) -> None:
        said = f"bad header {talk.request.headers} for {talk.request.target}"
        talk.answer(code, said.encode(), content_type="text/plain")

    return answer


def redirecting(talk: Talk) -> None:
    talk.answer(302, b"", {"Location": f"http://u:{ASCII_CANARY}@127.0.0.1:1/?token={ASCII_CANARY}"})


def cut(talk: Talk) -> None:
    talk.cut()


def page(talk: Talk) -> None:
    talk.answer(200, f"<html>{ASCII_CANARY}".encode(), content_type="text/html")


def own_log_header(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nbad header " + ASCII_CANARY.encode() + b"\r\n\r\n")
    talk.cut()


AUTHS = {
    "basic": basic_auth(lambda: "user", lambda: ASCII_CANARY),
    "bearer": bearer_auth(lambda: ASCII_CANARY),
    "header": header_auth("X-Shop-Thing", lambda: ASCII_CANARY),
    "home-made": lambda: {"X-Shop-Thing": f"Token {ASCII_CANARY}"},
}
OWN_NAME = "test_no_error_log_or_repr_shows_a_credential"
FORMS = (ASCII_CANARY, base64.b64encode(f"user:{ASCII_CANARY}".encode()).decode())


@pytest.mark.parametrize("auth", sorted(AUTHS))
@pytest.mark.parametrize(
    "shop_of", [echo(400), echo(401), echo(404), echo(500), redirecting, cut, page, own_log_header]
)
def test_no_error_log_or_repr_shows_a_credential(
    shop_of: Callable[[Talk], None], auth: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Text, repr, the whole chain of a traceback with locals, the log of exchanges, and httpx's own logs."""
    exchanges: list[Exchange] = []
    caplog.set_level(logging.DEBUG)
    rules = RetryRules(attempts=1)
    with (
        RawServer(shop_of) as shop,
        Transport(shop.url, auth=AUTHS[auth], retry=rules, on_exchange=exchanges.append) as transport,
    ):
        with pytest.raises(CartuiError) as caught:
            transport.get_json("x", {"ws_key": ASCII_CANARY})
        assert len(shop.requests) == 1
        error = caught.value
        shown = [str(error), repr(error), repr(transport), repr(exchanges), caplog.text, error.problem, error.remedy]
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        # This test's own frame, and the caller's view of params, hold the canary on purpose.
        report.stack = traceback.StackSummary.from_list(
            [frame for frame in report.stack if frame.name not in (OWN_NAME, "get_json")]
        )
        shown.append("".join(report.format()))
        inner: BaseException | None = error
        while inner is not None:
            assert isinstance(inner, CartuiError), "an exception of the HTTP library hangs on ours"
            inner = inner.__cause__ or inner.__context__
    assert len(exchanges) == 1
    for text in shown:
        for form in FORMS:
            assert form not in text


@pytest.mark.parametrize("word", ["two\nlines", "\u00fcmlaut", "a\0b"])
def test_a_key_that_can_not_be_sent_is_not_quoted(word: str) -> None:
    """The HTTP library would fail with an error that repeats it."""
    with (
        RawServer(lambda talk: talk.answer()) as shop,
        Transport(shop.url, auth=bearer_auth(lambda: word)) as transport,
    ):
        with pytest.raises(NeedsOperatorError) as caught:
            transport.get_json("x")
        assert word not in repr(caught.value) + str(caught.value)
        assert shop.requests == []


def test_the_exchange_log_tells_what_happened() -> None:
    """Method, address, status, seconds and bytes of each request that left."""
    seen: list[Exchange] = []
    with RawServer(lambda talk: talk.answer(200, b"[]")) as shop:
        with Transport(shop.url, on_exchange=seen.append) as transport:
            transport.get_json("orders", {"page": "2", "ws_key": "HIDDEN"})
    (exchange,) = seen
    assert (exchange.method, exchange.status, exchange.error) == ("GET", 200, "")
    assert exchange.url == f"{shop.url}/orders?page=2&ws_key=***"
    assert exchange.received > 2
    assert exchange.seconds >= 0


def test_the_transport_loads_neither_rich_nor_click() -> None:
    """They would double the start-up time; and httpx's command line can still be imported by whoever wants it."""
    code = (
        "import sys, cartui.transport, httpx\n"
        "assert not {'rich', 'click', 'pygments', 'textual'} & set(sys.modules), 'loaded'\n"
        "assert 'httpx._main' not in sys.modules\n"
        "import httpx._main\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
