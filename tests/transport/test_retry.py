"""When a request is sent again, when it is not, and how long nothing is sent."""
# ruff: noqa: SIM117  (first the shop, then what is done with it)

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartui.errors import (
    AbortCycleError,
    CartuiError,
    ExitCode,
    HoldRecordError,
    NeedsOperatorError,
    UnknownOutcomeError,
)
from cartui.transport import Limits, NotFoundError, Pacing, RetryRules, StoppedError, StopWaiter, Transport
from cartui.transport.pacing import Pacer
from cartui.transport.retry import RetryBudget, backoff_seconds, parse_retry_after
from tests.transport.raw_server import RawServer, Talk
from tests.transport.virtual import VirtualWaiter

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"


class Script:
    """Answers the n-th request with the n-th step, and all further ones with the last."""

    def __init__(self, *steps: Callable[[Talk], None]) -> None:
        self.steps = steps

    def __call__(self, talk: Talk) -> None:
        number = len(talk.server.requests) - 1
        self.steps[min(number, len(self.steps) - 1)](talk)


def good(talk: Talk) -> None:
    talk.answer(200, b'{"ok": true}')


def status(code: int, **headers: str) -> Callable[[Talk], None]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda talk: talk.answer(code, b'{"message": "no \\u001b[31mway"}', named)


def cut(talk: Talk) -> None:
    talk.cut()


def cut_in_body(talk: Talk) -> None:
    talk.head(200, {"Content-Length": "50"})
    talk.send(b"{")
    talk.cut()


def half(talk: Talk) -> None:
    talk.answer(200, b'{"ok": ')


def page(talk: Talk) -> None:
    talk.answer(200, b"<html>", content_type="text/html")


def transport_to(server: RawServer, waiter: VirtualWaiter, **options: object) -> Transport:
    return Transport(server.url, waiter=waiter, rand=lambda: 1.0, **options)  # type: ignore[arg-type]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


# --- repeating -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [status(500), status(502), status(503), status(504), cut, cut_in_body, half])
def test_a_read_is_tried_again(bad: Callable[[Talk], None]) -> None:
    """A passing failure costs a short wait, not the cycle."""
    waiter = VirtualWaiter()
    with RawServer(Script(bad, bad, good)) as shop, transport_to(shop, waiter) as transport:
        assert transport.get_json("x").json == {"ok": True}
        assert len(shop.requests) == 3
    assert waiter.waits == [0.5, 1.0]


def test_a_read_is_given_up_after_its_attempts() -> None:
    """Then the cycle ends; the cart stays RUNNING."""
    waiter = VirtualWaiter()
    rules = RetryRules(attempts=3)
    with RawServer(status(500)) as shop, transport_to(shop, waiter, retry=rules) as transport:
        with pytest.raises(AbortCycleError, match="status 500"):
            transport.get_json("x")
        assert len(shop.requests) == 3


def test_tries_end_at_the_deadline_of_the_request() -> None:
    """Waits count, too."""
    waiter = VirtualWaiter()
    rules = RetryRules(attempts=100, least_a_minute=100, failures_to_open=1000, base_seconds=8)
    with RawServer(status(500)) as shop, transport_to(shop, waiter, retry=rules) as transport:
        with pytest.raises(AbortCycleError):
            transport.get_json("x")
    assert sum(waiter.waits) < Limits().deadline_seconds


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 410, 422])
def test_a_clear_refusal_is_not_repeated(code: int) -> None:
    """The shop said what it thinks."""
    waiter = VirtualWaiter()
    with RawServer(status(code)) as shop, transport_to(shop, waiter) as transport:
        with pytest.raises((HoldRecordError, NeedsOperatorError)):
            transport.get_json("x")
        assert len(shop.requests) == 1
    assert waiter.waits == []


@pytest.mark.parametrize("bad", [status(500), status(502), status(503), cut, cut_in_body, half, page])
def test_a_write_whose_answer_was_lost_is_unknown_and_sent_once(bad: Callable[[Talk], None]) -> None:
    """It may have been carried out: a second one could make a duplicate."""
    waiter = VirtualWaiter()
    with RawServer(bad) as shop, transport_to(shop, waiter) as transport:
        with pytest.raises(UnknownOutcomeError):
            transport.send_json("POST", "products", {"sku": "a"}, idempotent=False, writes=True)
        assert len(shop.requests) == 1
        assert shop.requests[0].body == b'{"sku": "a"}'


def test_a_write_that_is_not_answered_in_time_is_unknown() -> None:
    """And sent once."""
    limits = Limits(read_seconds=0.2)
    with RawServer(lambda talk: talk.hang()) as shop, Transport(shop.url, limits=limits) as transport:
        with pytest.raises(UnknownOutcomeError):
            transport.send_json("POST", "products", {}, idempotent=False, writes=True)
        assert len(shop.requests) == 1


def test_a_write_that_never_left_is_not_unknown() -> None:
    """No connection: nothing can have happened, and it may be sent at the next poll."""
    waiter = VirtualWaiter()
    with Transport(f"http://127.0.0.1:{free_port()}", waiter=waiter) as transport:
        with pytest.raises(AbortCycleError, match="refuses the connection") as caught:
            transport.send_json("POST", "products", {}, idempotent=False, writes=True)
    assert not isinstance(caught.value, UnknownOutcomeError)
    assert waiter.waits == []


@pytest.mark.parametrize("code", [400, 409, 422, 429])
def test_a_write_that_was_clearly_refused_is_not_unknown(code: int) -> None:
    """Nothing was made, so nothing need be looked up."""
    with RawServer(status(code)) as shop, transport_to(shop, VirtualWaiter()) as transport:
        with pytest.raises(CartuiError) as caught:
            transport.send_json("POST", "products", {}, idempotent=False, writes=True)
        assert not isinstance(caught.value, UnknownOutcomeError)
        assert len(shop.requests) == 1


def test_a_write_that_may_be_repeated_is() -> None:
    """Setting an absolute stock twice is setting it once."""
    waiter = VirtualWaiter()
    with RawServer(Script(cut, good)) as shop, transport_to(shop, waiter) as transport:
        assert transport.send_json("PUT", "stock", {"q": 3}, idempotent=True, writes=True).status == 200
        assert len(shop.requests) == 2


@pytest.mark.parametrize("then", [status(409), status(401), status(500), status(429, Retry_After="100")])
def test_after_a_lost_try_only_a_good_answer_is_certain(then: Callable[[Talk], None]) -> None:
    """ "Already exists" may be our own first try."""
    with RawServer(Script(cut, then)) as shop, transport_to(shop, VirtualWaiter()) as transport:
        with pytest.raises(UnknownOutcomeError):
            transport.send_json("PUT", "stock", {}, idempotent=True, writes=True)


def test_a_stop_while_waiting_after_a_lost_write_is_unknown() -> None:
    """The stop does not turn it into a write that never was."""
    waiter = VirtualWaiter(stop_after=1)
    with RawServer(cut) as shop, transport_to(shop, waiter) as transport, pytest.raises(UnknownOutcomeError):
        transport.send_json("PUT", "stock", {}, idempotent=True, writes=True)


def test_a_query_by_post_is_a_read() -> None:
    """GraphQL reads by POST; a lost answer just ends the cycle."""
    with RawServer(half) as shop, transport_to(shop, VirtualWaiter()) as transport:
        with pytest.raises(AbortCycleError) as caught:
            transport.send_json("POST", "graphql", {}, idempotent=True, writes=False)
        assert not isinstance(caught.value, UnknownOutcomeError)
        assert len(shop.requests) == 3  # the budget allows two retries a minute


def test_retries_are_at_most_a_tenth_or_two_a_minute() -> None:
    """A shop that is ill is not made worse."""
    times = [0.0]
    budget = RetryBudget(RetryRules(), lambda: times[0])
    budget.note_request()
    assert [budget.take() for _ in range(4)] == [True, True, False, False]
    times[0] = 61.0
    for _ in range(40):
        budget.note_request()
    assert [budget.take() for _ in range(6)] == [True] * 4 + [False] * 2


@given(st.integers(0, 2000), st.floats(0, 1, exclude_max=True))
def test_the_backoff_is_fully_jittered_and_capped(attempt: int, share: float) -> None:
    """Between nothing and the cap, whatever the attempt."""
    assert 0 <= backoff_seconds(RetryRules(), attempt, lambda: share) <= RetryRules().cap_seconds


# --- Retry-After -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5), ("0", 0), (" 7 ", 7), ("1.5", 1.5), ("99999", 900), ("Sat, 21 Nov 2026 10:00:30 GMT", 30),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0), ("Sun, 22 Nov 2026 10:00:00 GMT", 900), ("-5", None), ("soon", None),
        ("", None), (None, None), ("1e9", None), ("Sat, 99 Nov 2026 10:00:30 GMT", None), ("9" * 400, None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_clamped(text: str | None, seconds: float | None) -> None:
    """Nobody sends us to sleep for more than 15 minutes."""
    assert parse_retry_after(text, datetime(2026, 11, 21, 10, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("value", ["12", "Sat, 21 Nov 2026 10:00:12 GMT"])
def test_a_short_retry_after_is_waited_for(code: int, value: str) -> None:
    """By the server's own clock, and a little longer, never shorter."""
    waiter = VirtualWaiter()
    script = Script(status(code, Retry_After=value, Date=DATE), good)
    with RawServer(script) as shop, transport_to(shop, waiter) as transport:
        transport.get_json("x")
        assert len(shop.requests) == 2
    assert 12 <= sum(waiter.waits) <= 13


@pytest.mark.parametrize("code", [429, 503])
def test_nothing_is_sent_before_a_long_retry_after_has_passed(code: int) -> None:
    """The cycle ends with the time to wait; whoever asks earlier is told the rest, and the shop hears nothing."""
    waiter = VirtualWaiter()
    with RawServer(Script(status(code, Retry_After="300"), good)) as shop, transport_to(shop, waiter) as transport:
        with pytest.raises(AbortCycleError) as caught:
            transport.get_json("x")
        assert caught.value.retry_after_seconds == 300
        waiter.time += 200
        with pytest.raises(AbortCycleError) as caught:
            transport.send_json("POST", "x", {}, idempotent=False, writes=True)
        assert not isinstance(caught.value, UnknownOutcomeError)
        assert caught.value.retry_after_seconds == 100
        assert len(shop.requests) == 1
        waiter.time += 100
        assert transport.get_json("x").status == 200


def test_429_without_a_time_is_not_hammered() -> None:
    """Two seconds at least."""
    waiter = VirtualWaiter()
    with RawServer(Script(status(429), good)) as shop, transport_to(shop, waiter) as transport:
        transport.get_json("x")
    assert sum(waiter.waits) >= 2


# --- the circuit -----------------------------------------------------------------------------------------------------


def test_an_outage_of_half_an_hour_gets_one_probe_a_minute() -> None:
    """However often it is asked for; and the first probe after it brings the cart back."""
    waiter = VirtualWaiter()
    down = [True]
    sent: list[float] = []

    def shop_of(talk: Talk) -> None:
        sent.append(waiter.time)
        (cut if down[0] else good)(talk)

    with RawServer(shop_of) as shop, transport_to(shop, waiter) as transport:
        end = waiter.time + 1800
        while waiter.time < end:
            with pytest.raises(AbortCycleError):
                transport.get_json("x")
            waiter.time += 5
        assert len(sent) <= 5 + 30
        assert all(second - first >= 60 for first, second in itertools.pairwise(sent[5:]))
        down[0] = False
        waiter.time += 60
        assert transport.get_json("x").status == 200
        assert transport.get_json("x").status == 200


# --- statuses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, HoldRecordError), (401, NeedsOperatorError), (402, NeedsOperatorError), (403, NeedsOperatorError),
        (404, NotFoundError), (405, NeedsOperatorError), (409, HoldRecordError), (410, NotFoundError),
        (413, HoldRecordError), (418, HoldRecordError), (422, HoldRecordError), (408, AbortCycleError),
        (425, AbortCycleError), (429, AbortCycleError), (500, AbortCycleError), (501, AbortCycleError),
        (503, AbortCycleError), (304, AbortCycleError), (300, AbortCycleError),
    ],
)  # fmt: skip
def test_one_table_says_what_a_status_means(code: int, kind: type[CartuiError]) -> None:
    """Each error is a sentence with a remedy, and shows the shop's own words without control characters."""
    rules = RetryRules(attempts=1)
    with RawServer(status(code)) as shop, transport_to(shop, VirtualWaiter(), retry=rules) as transport:
        with pytest.raises(CartuiError) as caught:
            transport.get_json("orders/7", record="order 7")
    error = caught.value
    assert type(error) is kind
    assert error.remedy
    assert "\x1b" not in str(error)
    if isinstance(error, HoldRecordError):
        assert error.record == "order 7"
        assert "way" in error.problem
    if isinstance(error, NeedsOperatorError):
        assert error.exit_code is ExitCode.CART_REFUSED


@pytest.mark.parametrize("code", [400, 404, 409, 422])
def test_a_listing_has_no_record_to_hold(code: int) -> None:
    """There the same status ends the cycle."""
    with RawServer(status(code)) as shop, transport_to(shop, VirtualWaiter()) as transport:
        with pytest.raises(AbortCycleError):
            transport.get_json("orders", listing=True)


def test_an_expected_status_comes_back_as_a_reply() -> None:
    """An adapter that knows what 409 means decides itself."""
    with RawServer(status(409)) as shop, transport_to(shop, VirtualWaiter()) as transport:
        reply = transport.send_json("POST", "x", {}, idempotent=False, writes=True, expect={409})
    assert reply.status == 409
    assert "way" in reply.json["message"]


def test_a_reply_carries_the_servers_clock() -> None:
    """As aware UTC; the cursor may come from it, never from ours."""
    with RawServer(lambda talk: talk.answer(200, b"{}", {"Date": DATE})) as shop:
        with transport_to(shop, VirtualWaiter()) as transport:
            assert transport.get_json("x").date == datetime(2026, 11, 21, 10, tzinfo=UTC)


def test_a_write_may_be_answered_with_nothing() -> None:
    """204, and 200 with an empty text/html body, as OpenCart does."""
    with RawServer(lambda talk: talk.answer(200, b"", content_type="text/html")) as shop:
        with transport_to(shop, VirtualWaiter()) as transport:
            assert transport.send_json("PUT", "x", {}, idempotent=True, writes=True).json is None


def test_a_read_only_cart_sends_no_write() -> None:
    """Whatever the method; reads by POST pass."""
    with RawServer(good) as shop, transport_to(shop, VirtualWaiter(), read_only=True) as transport:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            with pytest.raises(NeedsOperatorError, match="reading only"):
                transport.send_json(method, "x", {}, idempotent=True, writes=True)
            with pytest.raises(NeedsOperatorError, match="reading only"):
                transport.send_bytes(method, "x", b"", idempotent=True, writes=True)
        assert shop.requests == []
        transport.send_json("POST", "graphql", {}, idempotent=True, writes=False)
        assert len(shop.requests) == 1


def test_an_unknown_name_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS failures have their own sentence."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    with Transport("https://shop.invalid", waiter=VirtualWaiter()) as transport:
        monkeypatch.setattr(socket, "create_connection", fail)
        with pytest.raises(AbortCycleError, match=r"shop\.invalid is not known"):
            transport.get_json("x")


def test_https_to_a_port_that_speaks_http_is_named() -> None:
    """A wrong port is a common slip."""
    greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with RawServer(good, greeting=greeting) as shop:
        with Transport(f"https://127.0.0.1:{shop.port}", waiter=VirtualWaiter()) as transport:
            with pytest.raises(AbortCycleError, match="encrypted connection"):
                transport.get_json("x")


# --- pacing ----------------------------------------------------------------------------------------------------------


def test_requests_start_at_least_an_interval_apart() -> None:
    """The first at once."""
    waiter = VirtualWaiter()
    with RawServer(good) as shop, transport_to(shop, waiter, pacing=Pacing(interval_seconds=0.5)) as transport:
        for _ in range(3):
            transport.get_json("x")
    assert waiter.waits == [0.5, 0.5]


def test_the_carts_hints_are_kept() -> None:
    """Few requests left are spread over the time; with none left nothing leaves before the reset."""
    waiter = VirtualWaiter()
    with RawServer(good) as shop, transport_to(shop, waiter) as transport:
        transport.pacing.hint(5, 10.0)
        transport.get_json("x")
        transport.get_json("x")
        assert sum(waiter.waits) == pytest.approx(2.0)
        transport.pacing.hint(0, 15.0)
        transport.get_json("x")
        assert sum(waiter.waits) == pytest.approx(17.0)
        transport.pacing.hint(0, 120.0)
        with pytest.raises(AbortCycleError) as caught:
            transport.get_json("x")
        assert caught.value.retry_after_seconds == pytest.approx(120.0)
        assert len(shop.requests) == 3


def test_a_new_transport_starts_with_one_request_at_a_time() -> None:
    """And never has more than `parallel` on their way."""
    pacer = Pacer(Pacing(parallel=2), StopWaiter())
    entered = [threading.Event() for _ in range(3)]
    leave = threading.Event()

    def work(number: int) -> None:
        with pacer.slot():
            entered[number].set()
            leave.wait(10)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    threads[0].start()
    assert entered[0].wait(5)
    threads[1].start()
    assert not entered[1].wait(0.1)
    pacer.succeeded()
    assert entered[1].wait(5)
    threads[2].start()
    assert not entered[2].wait(0.1)
    leave.set()
    for thread in threads:
        thread.join(5)
    assert entered[2].is_set()


def test_a_stop_wakes_a_waiting_request() -> None:
    """Nobody waits out a pause after pressing stop."""
    stop = threading.Event()
    with RawServer(good) as shop, Transport(shop.url, waiter=StopWaiter(stop)) as transport:
        transport.pacing.hold(19)
        timer = threading.Timer(0.05, stop.set)
        timer.start()
        with pytest.raises(StoppedError):
            transport.get_json("x")
        timer.join()
        assert shop.requests == []


def test_a_stop_cuts_a_read_that_hangs() -> None:
    """Within a second, not after the deadline."""
    stop = threading.Event()

    def hang(talk: Talk) -> None:
        stop.set()
        talk.hang()

    with RawServer(hang) as shop, Transport(shop.url, waiter=StopWaiter(stop)) as transport:
        with pytest.raises(StoppedError):
            transport.get_json("x")


def test_a_stop_lets_a_write_on_its_way_finish() -> None:
    """Its answer is worth the second."""
    stop = threading.Event()

    def slow(talk: Talk) -> None:
        stop.set()
        talk.server.closing.wait(0.4)
        good(talk)

    with RawServer(slow) as shop, Transport(shop.url, waiter=StopWaiter(stop)) as transport:
        assert transport.send_json("POST", "x", {}, idempotent=False, writes=True).status == 200


def test_the_connection_is_kept_alive() -> None:
    """Ten requests, one connection."""
    with RawServer(good) as shop, transport_to(shop, VirtualWaiter()) as transport:
        for _ in range(10):
            transport.get_json("x")
        assert shop.connections == 1
