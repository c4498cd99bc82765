"""The HTTP seam of all adapters: one keep-alive client per cart, and every rule about talking to a shop behind it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import MappingProxyType
from typing import Self

import httpx

from cartui.errors import AbortCycleError, CartuiError, NeedsOperatorError, UnknownOutcomeError
from cartui.transport import origin
from cartui.transport.auth import Auth
from cartui.transport.errors_table import (
    NETWORK_ERRORS,
    Failure,
    failure_of_body,
    failure_of_network,
    failure_of_redirect,
    failure_of_status,
    unusable_page,
)
from cartui.transport.limits import (
    BodyError,
    Limits,
    check_json,
    cut_short,
    read_body,
)
from cartui.transport.messages import Answer, Ask, Exchange, Reply
from cartui.transport.origin import Params
from cartui.transport.pacing import LONGEST_WAIT_INSIDE_SECONDS, Pacer, Pacing, StopWaiter, Waiter
from cartui.transport.retry import (
    Circuit,
    RetryBudget,
    RetryRules,
    backoff_seconds,
    parse_http_date,
    parse_retry_after,
)
from cartui.transport.secrets import quiet_http_loggers, redact, register_headers
from cartui.transport.signing import Signer
from cartui.transport.wire import LOCATION, BoundedTransport, Call, current_call, received_cap, tls_context

JSON = "application/json"
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOOK_UP = "It is looked up in the shop before anything is sent again."


class Transport:
    """See the package's docstring. Safe to use from as many threads as `pacing.parallel`."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        signer: Signer | None = None,
        allow_plain_http: bool = False,
        pacing: Pacing | None = None,
        limits: Limits | None = None,
        retry: RetryRules | None = None,
        waiter: Waiter | None = None,
        rand: Callable[[], float] = random.random,
        utc_now: Callable[[], datetime] | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        read_only: bool = False,
        ca_file: str | None = None,
        json_types: Collection[str] = (),
        tidy_json: Callable[[bytes], bytes] | None = None,
        user_agent: str = "cartui",
    ) -> None:
        quiet_http_loggers()
        pacing = pacing or Pacing()
        self._address = origin.parse_address(base_url, allow_plain_http=allow_plain_http)
        self._auth = auth
        self._signer = signer  # headers that depend on the request, such as a signature over it
        self._limits = limits or Limits()
        self._retry = retry or RetryRules()
        self._waiter = waiter or StopWaiter()
        self._rand = rand
        self._utc_now = utc_now or (lambda: datetime.now(UTC))
        self._on_exchange = on_exchange
        self._read_only = read_only
        self._json_types = frozenset(json_types)
        self._tidy_json = tidy_json  # takes away what a cart prints around its JSON, before the answer is judged
        self._budget = RetryBudget(self._retry, self._waiter.now)
        self._circuit = Circuit(self._retry, self._waiter.now)
        self.pacing = Pacer(pacing, self._waiter)
        encrypted = self._address.scheme == "https"
        self._client = httpx.Client(
            transport=BoundedTransport(tls_context(ca_file) if encrypted else None, pacing.parallel),
            trust_env=False,
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # nothing a shop sets is sent back unasked
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(self._limits.read_seconds, connect=self._limits.connect_seconds),
        )

    def __repr__(self) -> str:
        return f"Transport({self._address.origin!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; may be called twice."""
        self._client.close()

    # --- asking ---------------------------------------------------------------------------------------------------

    def get_json(
        self,
        path: str,
        params: Params = (),
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        expect: Collection[int] = (),
        record: str = "",
        listing: bool = False,
    ) -> Reply:
        """GET JSON. `path` is relative to the base address, or an absolute URL of the same origin (a next-link).

        Statuses in `expect` come back as a Reply; others outside 2xx raise by the table of `errors_table`, with
        `record` as the name of what was asked for. `listing=True`: there is no single record, so statuses that would
        hold one raise AbortCycleError instead."""
        url = origin.join(self._address, path, params)
        name = record or origin.shown(path)
        sent = {"Accept": JSON, **headers}
        return self._run(Ask("GET", url, None, sent, True, False, expect, self._json_types, name, listing))

    def send_json(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        idempotent: bool,
        writes: bool,
        params: Params = (),
        headers: Mapping[str, str] = MappingProxyType({}),
        expect: Collection[int] = (),
        record: str = "",
        listing: bool = False,
    ) -> Reply:
        """Send `body` as JSON (None: no body). `writes`: it changes something in the shop; `idempotent`: sending it
        twice does what sending it once does, so it may be retried. A write whose answer is lost raises
        UnknownOutcomeError; one of a read-only cart never leaves (NeedsOperatorError)."""
        data = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
        sent = {"Accept": JSON, **({} if data is None else {"Content-Type": JSON}), **headers}
        url = origin.join(self._address, path, params)
        name = record or origin.shown(path)
        return self._run(Ask(method, url, data, sent, idempotent, writes, expect, self._json_types, name, listing))

    def send_bytes(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str = "",
        accept: str = "*/*",
        idempotent: bool,
        writes: bool,
        params: Params = (),
        headers: Mapping[str, str] = MappingProxyType({}),
        expect: Collection[int] = (),
        record: str = "",
        listing: bool = False,
    ) -> Reply:
        """As `send_json` for other formats (XML, forms): the answer's content type is the caller's to check."""
        sent = {"Accept": accept, **({"Content-Type": content_type} if content_type else {}), **headers}
        url = origin.join(self._address, path, params)
        name = record or origin.shown(path)
        return self._run(Ask(method, url, body, sent, idempotent, writes, expect, None, name, listing))

    def ensure_same_origin(self, url: str) -> str:
        """A next-link (absolute or relative) as an absolute URL of this cart's origin, or NeedsOperatorError."""
        return origin.ensure_same_origin(self._address, url)

    # --- trying ---------------------------------------------------------------------------------------------------

    def _run(self, ask: Ask) -> Reply:
        if ask.writes and self._read_only:
            raise NeedsOperatorError(
                "This cart is open for reading only, so nothing was sent.",
                "Set read_only = false in the configuration and start cartui again.",
            )
        self._budget.note_request()
        lost: list[bool] = []
        try:
            return self._try_until_answered(ask, lost)
        except CartuiError as error:
            if not lost or isinstance(error, UnknownOutcomeError):
                raise
            wait = error.retry_after_seconds if isinstance(error, AbortCycleError) else None
            problem = f"It is not known whether the shop carried it out. {error.problem}"
        raise UnknownOutcomeError(problem, _LOOK_UP, wait)

    def _try_until_answered(self, ask: Ask, lost: list[bool]) -> Reply:
        """Fills `lost` as soon as a try may have changed something without telling."""
        deadline = 0.0
        attempt = 0
        while True:
            self._circuit.ensure_may_send()
            with self.pacing.slot():
                deadline = deadline or self._waiter.now() + self._limits.deadline_seconds
                outcome = self._attempt(ask, deadline)
            if isinstance(outcome, Reply):
                self._circuit.note(failed=False)
                self.pacing.succeeded()
                return outcome
            if outcome.maybe_done and ask.at_risk:
                lost.append(True)
            delay = self._delay_after(outcome, ask, attempt, deadline)
            if delay is None:
                raise outcome.error
            self._waiter.wait(delay)
            attempt += 1

    def _delay_after(self, failure: Failure, ask: Ask, attempt: int, deadline: float) -> float | None:
        """Seconds until the next try, None if there shall be none."""
        self._circuit.note(failed=failure.broken)
        if failure.wait_seconds is not None:
            self.pacing.hold(failure.wait_seconds)
        if failure.retryable:
            self.pacing.slow_down()
        if not (failure.retryable and ask.idempotent) or attempt + 1 >= self._retry.attempts or self._circuit.is_open:
            return None
        delay = backoff_seconds(self._retry, attempt, self._rand)
        if failure.wait_seconds is not None:
            # The jitter on top keeps many clients from coming back in the same instant.
            delay = failure.wait_seconds + min(delay, 1.0)
        if delay > LONGEST_WAIT_INSIDE_SECONDS + 1.0 or self._waiter.now() + delay >= deadline:
            return None
        return delay if self._budget.take() else None

    def _attempt(self, ask: Ask, deadline: float) -> Reply | Failure:
        """One try, with the redirects that may be followed."""
        url = ask.url
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._exchange(ask, url, deadline)
            if isinstance(answer, Failure):
                return answer
            if answer.status not in _REDIRECTS or answer.status in ask.expect:
                return self._judge(ask, answer)
            location = answer.headers.get("Location", "")
            target = self._followable(ask, url, location)
            if target is None:
                return failure_of_redirect(origin.shown(location) if location else None)
            url = target
        return failure_of_redirect(origin.shown(url))

    def _followable(self, ask: Ask, url: str, location: str) -> str | None:
        if ask.method != "GET" or not location:
            return None
        try:
            return origin.ensure_same_origin(self._address, location, seen_at=url)
        except NeedsOperatorError:
            return None

    def _judge(self, ask: Ask, answer: Answer) -> Reply | Failure:
        date = parse_http_date(answer.headers.get("Date"))
        if self._tidy_json is not None and ask.types is not None and answer.body:
            answer = replace(answer, body=self._tidy_json(answer.body.removeprefix(b"\xef\xbb\xbf")))
        if not (200 <= answer.status < 300 or answer.status in ask.expect):
            wait = parse_retry_after(answer.headers.get("Retry-After"), date or self._utc_now())
            return failure_of_status(answer.status, answer.body, wait, record=ask.record, listing=ask.listing)
        fault = answer.fault
        if fault is None and ask.types is not None and 200 <= answer.status < 300:
            fault = self._find_fault(ask, answer)
        if fault is not None:
            return failure_of_body(fault)
        body = answer.body.removeprefix(b"\xef\xbb\xbf")
        return Reply(answer.status, answer.headers, body, date, answer.seconds)

    def _find_fault(self, ask: Ask, answer: Answer) -> BodyError | None:
        """What keeps a good status's body from being the JSON that was asked for."""
        body = answer.body.removeprefix(b"\xef\xbb\xbf")
        if not body.strip():
            # Several carts answer a write with nothing at all; a read always has something to say.
            return cut_short() if ask.method == "GET" and answer.status != 204 else None
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        is_json = kind in (JSON, "text/json", *self._json_types) or (
            kind.startswith("application/") and "+json" in kind
        )
        if not is_json or body.lstrip()[:1] not in b'{["-0123456789tfn':
            return unusable_page(body)
        try:
            check_json(body, self._limits.json_depth)
        except BodyError as error:
            return error
        return None

    # --- one exchange ---------------------------------------------------------------------------------------------

    def _exchange(self, ask: Ask, url: str, deadline: float) -> Answer | Failure:
        """Send one request and read its answer. No exception of httpx, which would hold the request with its headers,
        outlives this function."""
        call = Call(self._waiter, deadline, not ask.at_risk, received_cap(self._limits))
        started = self._waiter.now()
        token = current_call.set(call)
        outcome: Answer | Failure
        try:
            outcome = self._send(ask, url, call, started)
        except NETWORK_ERRORS as error:
            outcome = failure_of_network(error, self._address.host, sent=call.sent)
        finally:
            current_call.reset(token)
        self._report(ask, url, outcome, call, started)
        return outcome

    def _send(self, ask: Ask, url: str, call: Call, started: float) -> Answer:
        with self._client.stream(ask.method, url, content=ask.body, headers=self._headers(ask, url)) as response:
            call.in_body = True
            wanted = 200 <= response.status_code < 300 or response.status_code in ask.expect
            body, fault = self._read(response, call) if wanted else (self._read_leniently(response, call), None)
            if location := response.extensions.get(LOCATION):
                response.headers["Location"] = location
            seconds = self._waiter.now() - started
            return Answer(response.status_code, response.headers, body, fault, seconds, call.received)

    def _headers(self, ask: Ask, url: str) -> dict[str, str]:
        """The request's headers with the credentials; only for URLs that passed `origin`."""
        credentials = {} if self._auth is None else dict(self._auth())
        if self._signer is not None:
            credentials |= self._signer(ask.method, url)
        register_headers(credentials)
        if not all(value.isascii() and value.isprintable() for value in credentials.values()):
            # Sent as it is, it would fail deep in the HTTP library with an error that quotes it.
            raise NeedsOperatorError(
                "The key or password holds a character that can't be sent.",
                "Enter it again, without blanks or line ends.",
            )
        return {**ask.headers, **credentials}

    def _read(self, response: httpx.Response, call: Call) -> tuple[bytes, BodyError | None]:
        encoding = ",".join(response.headers.get_list("Content-Encoding"))
        has_end = (
            "Content-Length" in response.headers or "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        )
        try:
            body, _ = read_body(_counted(response.iter_raw(_READ_BYTES), call), encoding, self._limits)
        except BodyError as error:
            return b"", error
        if body and not has_end and not encoding.strip() and body.rstrip()[-1:] not in _CLOSING:
            return b"", BodyError(
                "The shop's answer does not say how long it is, so it can't be known to be complete.",
                "Ask the shop's host to send a Content-Length or chunked answers (HTTP/1.1).",
            )
        return body, None

    def _read_leniently(self, response: httpx.Response, call: Call) -> bytes:
        """The beginning of an error's body: it is only shown, so what is broken about it does not matter."""
        body = bytearray()
        try:
            for chunk in _counted(response.iter_raw(_READ_BYTES), call):
                body += chunk
                if len(body) >= self._limits.error_bytes:
                    break
            encoding = response.headers.get("Content-Encoding", "")
            return read_body([bytes(body)], encoding, self._limits)[0]
        except NETWORK_ERRORS:
            return b""

    def _report(self, ask: Ask, url: str, outcome: Answer | Failure, call: Call, started: float) -> None:
        if self._on_exchange is None:
            return
        status, error = (None, str(outcome.error)) if isinstance(outcome, Failure) else (outcome.status, "")
        seconds = self._waiter.now() - started
        self._on_exchange(Exchange(ask.method, redact(url), status, seconds, call.received, error))


# PHP's own web server says no length. JSON and XML tell their end themselves: cut anywhere, they can't be parsed.
_CLOSING = (b"]", b"}", b">")
_READ_BYTES = None  # as they come: waiting to fill a block would hide a drip from the counters


def _counted(chunks: Iterator[bytes], call: Call) -> Iterator[bytes]:
    content = 0
    for chunk in chunks:
        content += len(chunk)
        call.check_framing(content)
        yield chunk
