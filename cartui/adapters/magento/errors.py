"""What Magento's refusals mean, in one table. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, CartuiError, ExitCode, HoldRecordError, NeedsOperatorError
from cartui.transport import NotFoundError, Reply, redact

REFUSALS: Final = (400, 401, 403, 404)
"""Statuses whose text is read here: it has places that only its parameters fill."""

_PLACE: Final = re.compile(r"%(\d{1,2}|[A-Za-z]\w{0,40})")
_NO_ROUTE: Final = "does not match any route"
_OAUTH: Final = ("signature", "nonce", "timestamp", "oauth_")

CHECK_ADDRESS: Final = "Enter the shop's address as its visitors do, such as https://shop.example, without /rest."
CHECK_SIGN_IN: Final = (
    "Enter the credentials again. From 2.4.4 on an access token alone is refused: use the sign-in oauth1, or switch on"
    " Stores, Configuration, Services, OAuth, “Allow OAuth Access Tokens to be used as standalone Bearer tokens”. If"
    " they are right, the web server may remove the Authorization header: ask the shop's host."
)
_OTHER_SIGNATURE: Final = "Choose the other one in the cart's option Signature: HMAC-SHA256 from 2.4.4 on."


class RefusedSignInError(NeedsOperatorError):
    """401 or 403: wrong credentials, or a right that is missing; Magento does not say which."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy, ExitCode.CART_REFUSED)


class NoRouteError(AbortCycleError):
    """There is no such call at this address: no Magento, or a module is missing."""


def error_of(reply: Reply, record: str, *, listing: bool) -> CartuiError:
    """The one table. `record` names what was asked for; a `listing` has no record that could be held."""
    said = message_of(reply.body)
    tail = f" The shop says: {said}" if said else ""
    if reply.status == 400 and "signature method" in said.lower():
        return RefusedSignInError(f"The shop does not know this kind of signature.{tail}", _OTHER_SIGNATURE)
    if reply.status in (401, 403):
        return _refused(reply.status, said, tail)
    if reply.status == 404 and (_NO_ROUTE in said or not said):
        return NoRouteError(f"There is no Magento REST API at this address (status 404).{tail}", CHECK_ADDRESS)
    if listing:
        return AbortCycleError(
            f"The shop's answer was not expected (status {reply.status}).{tail}",
            "Test the connection; a plug-in of the shop may limit what can be listed.",
        )
    if reply.status == 404:
        return NotFoundError(
            record, f"The shop does not have it (any more).{tail}", "Look whether it was deleted; if so, unlink it."
        )
    return HoldRecordError(
        record, f"The shop refused it (status {reply.status}).{tail}", "Correct what the shop names, then retry it."
    )


def is_bad_signature(reply: Reply) -> bool:
    return reply.status == 401 and "signature" in message_of(reply.body).lower()


def _refused(status: int, said: str, tail: str) -> RefusedSignInError:
    if any(word in said.lower() for word in _OAUTH):
        return RefusedSignInError(
            f"The shop did not accept the signature (status {status}).{tail}",
            "Enter the four secrets again, and check this machine's clock and the shop's address (https, port).",
        )
    if "2fa" in said.lower() or "two-factor" in said.lower():
        return RefusedSignInError(
            f"The shop asks this administrator for a second factor.{tail}",
            "Make an integration in the shop (System, Integrations) and use its token or its four secrets.",
        )
    if "authorized to access" in said:
        return RefusedSignInError(
            f"The shop does not allow this to cartui, or does not know its token (status {status}).{tail}",
            f"Give the integration the named resource (System, Integrations, API). {CHECK_SIGN_IN}",
        )
    return RefusedSignInError(f"The shop did not accept the credentials (status {status}).{tail}", CHECK_SIGN_IN)


def message_of(body: bytes) -> str:
    """The message of an error with its places filled in, and those of its parts; "" where there is none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    parts = told.get("errors")
    more = [filled(part) for part in parts[:5] if isinstance(part, dict)] if isinstance(parts, list) else []
    text = " ".join(dict.fromkeys(filter(None, (filled(told), *more))))
    return safe_text(redact(" ".join(text.split())), 300)


def filled(told: dict[str, Any]) -> str:
    """`%fieldName is a required field.` with {"fieldName": "searchCriteria"}, or `%1` with ["MG-1"]."""
    message, values = told.get("message"), told.get("parameters")
    if not isinstance(message, str):
        return ""
    if isinstance(values, list):
        values = {str(place): value for place, value in enumerate(values, 1)}
    if not isinstance(values, dict):
        return message
    return _PLACE.sub(lambda match: str(values.get(match[1], match[0]))[:200], message)
