"""The one place that turns what went wrong into what the engine does next.

status                              error                           next
401 402 403 405 407 423 451         NeedsOperatorError (exit 3)     STOPPED
404 410                             NotFoundError (record)          the record is held
400 409 413 422 and other 4xx       HoldRecordError (record)        the record is held
408 425 429 500 502 503 504 …       AbortCycleError                 tried again, then at the next poll
3xx to elsewhere                    NeedsOperatorError              STOPPED
no connection, cut, not JSON        AbortCycleError                 tried again, then at the next poll
a certificate that is not valid     NeedsOperatorError              STOPPED
any of the above after a write left UnknownOutcomeError             looked up before any resend
"""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass

import httpcore
import httpx

from cartui.domain.remedies import retry_held
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, CartuiError, ExitCode, HoldRecordError, NeedsOperatorError
from cartui.transport.limits import BodyError, check_json
from cartui.transport.secrets import redact
from cartui.transport.wire import WastefulFramingError

NETWORK_ERRORS: tuple[type[Exception], ...] = (
    httpx.TransportError,
    httpx.StreamError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ConnectionNotAvailable,
    httpcore.UnsupportedProtocol,
    WastefulFramingError,
    BodyError,
)

_LATER = "cartui tries again by itself."
_REFUSING = frozenset({401, 402, 403, 405, 407, 423, 451})
_PASSING = frozenset({408, 425, 429})
_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_MESSAGE = 300
_MESSAGE_KEYS = ("message", "error_description", "detail", "error", "msg", "description", "title", "errors")


class NotFoundError(HoldRecordError):
    """The cart has no such record (any more)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one try brought no reply.

    retryable    a second try may do better, if the request may be repeated
    maybe_done   a write may have been carried out all the same
    broken       the cart is not well: counts for the circuit
    wait_seconds what the cart asked for, None if nothing
    """

    error: CartuiError
    retryable: bool = False
    maybe_done: bool = False
    broken: bool = False
    wait_seconds: float | None = None


# --- statuses ---------------------------------------------------------------------------------------------------------


def failure_of_status(status: int, body: bytes, wait_seconds: float | None, *, record: str, listing: bool) -> Failure:
    """What an answer with a status outside 2xx means. `record` names what was asked for; a `listing` has no record of
    its own that could be held."""
    said = server_message(body)
    tail = f" The shop says: {said}" if said else ""
    if status >= 500 or status in _PASSING:
        return _failure_of_trouble(status, tail, wait_seconds)
    if status in _REFUSING:
        problem, remedy = _REFUSALS.get(status, _REFUSALS[403])
        return Failure(NeedsOperatorError(problem + tail, remedy, ExitCode.CART_REFUSED))
    if status < 400 or listing:
        return Failure(
            AbortCycleError(
                f"The shop's answer was not expected (status {status}).{tail}",
                "Check that the address is the one of the shop's API, and the shop's version.",
            )
        )
    if status in (404, 410):
        return Failure(NotFoundError(record, f"The shop does not have it (any more).{tail}", _LOOK_IN_SHOP))
    return Failure(HoldRecordError(record, f"The shop refused it (status {status}).{tail}", _CORRECT))


_LOOK_IN_SHOP = "Look whether it was deleted in the shop; if so, unlink it here."
_CORRECT = retry_held("Correct what the shop names")
_REFUSALS = {
    401: (
        "The shop did not accept the user name, key or password (status 401).",
        "Enter them again. If they are right, the web server may remove the Authorization header: ask the shop's host.",
    ),
    402: ("The shop is suspended until its bill is paid (status 402).", "Settle it with the shop's provider."),
    403: (
        "The shop does not allow this to the key that cartui uses (status 403).",
        "Give the key the rights named in the guide; a firewall before the shop may also refuse cartui's address.",
    ),
    405: (
        "The shop does not allow this kind of request (status 405).",
        "Give the key the right to write, and check the shop's version and address.",
    ),
    407: ("A proxy asks for a password (status 407).", "Let this machine reach the shop directly."),
    423: ("The shop is locked (status 423).", "Unlock it in its administration."),
    451: ("The shop is blocked for legal reasons (status 451).", "Ask the shop's host."),
}


def _failure_of_trouble(status: int, tail: str, wait_seconds: float | None) -> Failure:
    if status == 429:
        problem, remedy = (
            "The shop asks for fewer requests (status 429).",
            f"{_LATER} Lower the cart's pace if it stays.",
        )
        wait = 60.0 if wait_seconds is None else wait_seconds
        error = AbortCycleError(problem + tail, remedy, wait)
        return Failure(error, retryable=True, wait_seconds=2.0 if wait_seconds is None else wait_seconds)
    if status == 503:
        problem = "The shop is not available now, perhaps for maintenance (status 503)."
        remedy = f"{_LATER} Check that the shop's web service is switched on."
    elif status in _PASSING:
        problem, remedy = f"The shop did not take the request now (status {status}).", _LATER
    else:
        problem = f"The shop failed (status {status})."
        remedy = f"{_LATER} If it stays so, look into the shop's error log."
    return Failure(
        AbortCycleError(problem + tail, remedy, wait_seconds),
        retryable=status in _RETRYABLE,
        maybe_done=status >= 500 or status == 408,
        broken=status >= 500,
        wait_seconds=wait_seconds,
    )


def failure_of_redirect(target: str | None) -> Failure:
    """A redirect that is not followed: to another origin, of a write, too many, or without a target."""
    where = f" to {target}" if target else " that leads nowhere"
    return Failure(
        NeedsOperatorError(
            f"The shop answers with a redirect{where}.",
            "Nothing was sent there. If it is the right address of the shop, enter it as the address of the cart.",
        )
    )


def failure_of_body(error: BodyError) -> Failure:
    """An answer that came but can't be used."""
    return Failure(
        AbortCycleError(error.problem, error.remedy), retryable=error.transient, maybe_done=True, broken=True
    )


def unusable_page(body: bytes) -> BodyError:
    """Something else than the data that was asked for came with a good status."""
    if body.lstrip()[:1] == b"<":
        return BodyError(
            "The shop answered with a web page instead of data.",
            "Check that the address is the one of the shop's API and that no maintenance page stands before it.",
        )
    return BodyError(
        "The shop answered with something else than data.",
        "Check that the address is the one of the shop's API; warnings printed by a plug-in have the same effect.",
    )


def server_message(body: bytes) -> str:
    """What the shop says in an error's body, for a person: safe, without secrets, at most 300 characters."""
    try:
        check_json(body, 16)
        said = _find_message(json.loads(body), 4)
    except (BodyError, ValueError, RecursionError):
        # Anything but JSON: a short plain sentence is worth showing, a page is not.
        text = body[:2000].decode("utf-8", "replace").strip()
        said = "" if text[:1] in ("<", "{", "[") else text
    return safe_text(redact(" ".join(said.split())), _LONGEST_MESSAGE)


def _find_message(value: object, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth == 0:
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, (_find_message(entry, depth - 1) for entry in value[:5])))
    if isinstance(value, dict):
        for key in _MESSAGE_KEYS:
            if found := _find_message(value.get(key), depth - 1):
                return found
        return "; ".join(
            f"{key}: {found}" for key, entry in list(value.items())[:5] if (found := _find_message(entry, depth - 1))
        )
    return ""


# --- the network ------------------------------------------------------------------------------------------------------


def failure_of_network(error: Exception, host: str, *, sent: bool) -> Failure:
    """What an error below HTTP means. `sent`: bytes of the request had left. The error itself is not kept: it may hold
    the request with its headers."""
    if isinstance(error, BodyError):
        return failure_of_body(error)
    if isinstance(error, WastefulFramingError):
        problem = "The shop's answer is larger than any real one, or is sent in a wasteful way."
        remedy = "Check that the address is the one of the shop's API."
        return Failure(AbortCycleError(problem, remedy), maybe_done=sent, broken=True)
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Failure(_certificate_error(cause, host), broken=True)
    problem, remedy = _words(error, cause, host, sent)
    return Failure(AbortCycleError(problem, remedy), retryable=True, maybe_done=sent, broken=True)


def _cause(error: BaseException) -> BaseException:
    # httpcore raises "from None" on its way out, which clears the cause but leaves the context.
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _words(error: Exception, cause: BaseException, host: str, sent: bool) -> tuple[str, str]:
    if isinstance(cause, socket.gaierror):
        return f"The name {host} is not known in the network.", "Check its spelling, and this machine's DNS."
    if isinstance(cause, ConnectionRefusedError):
        return f"{host} refuses the connection.", "Check the port of the address, and that the shop's server runs."
    if isinstance(cause, ssl.SSLError):
        return f"No encrypted connection to {host} came about.", "Check that the port of the address speaks https."
    if isinstance(error, (httpcore.ConnectTimeout, httpcore.PoolTimeout)) or not sent:
        return f"{host} can't be reached.", f"{_LATER} Check the network, the firewall and the port of the address."
    if isinstance(error, (httpcore.TimeoutException, httpx.TimeoutException)):
        return (
            f"{host} did not answer in time.",
            f"{_LATER} If it stays so, choose smaller pages or ask the shop's host.",
        )
    return (
        "The shop broke the connection off before its answer was complete.",
        f"{_LATER} If it stays so, ask the shop's host about time or memory limits.",
    )


def _certificate_error(error: ssl.SSLCertVerificationError, host: str) -> NeedsOperatorError:
    # The codes are OpenSSL's X509_V_ERR_…; nothing but the code is used, as the text holds the peer's own words.
    problem, remedy = _CERTIFICATES.get(error.verify_code, _CERTIFICATES[20])
    return NeedsOperatorError(problem.format(host=host), remedy, ExitCode.CART_REFUSED)


_WRONG_NAME = (
    "The certificate is not for {host}.",
    "Use the name that the certificate is for as the address, or have the shop's host renew it for this one.",
)
_OWN_AUTHORITY = (
    "The certificate of {host} is signed by itself or by an authority of its own.",
    "If the shop is yours, give its authority's certificate as ca_file; checking can't be switched off.",
)
_CERTIFICATES = {
    9: ("The certificate of {host} is not valid yet.", "Check this machine's clock, then the shop's certificate."),
    10: ("The certificate of {host} has expired.", "Have the shop's host renew it; check this machine's clock, too."),
    18: _OWN_AUTHORITY,
    19: _OWN_AUTHORITY,
    20: (
        "The certificate of {host} comes from an authority that is not known here.",
        "Have the shop's host send the whole chain, or give the authority's certificate as ca_file.",
    ),
    62: _WRONG_NAME,
    64: _WRONG_NAME,
}
