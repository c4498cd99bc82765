"""What Shopify's refusals mean, in one table. Pure.

HTTP 401 402 403 423 …                       the transport's table, and `AccessError` for a key that is not accepted
200, errors[].extensions.code THROTTLED      waited for and asked again (session); then AbortCycleError
200, MAX_COST_EXCEEDED                       asked again for less (session); then AbortCycleError
200, ACCESS_DENIED                           NeedsOperatorError; inside a row it is a field that is not shown
200, a field or argument that is not known   NeedsOperatorError (the API version)
200, INTERNAL_SERVER_ERROR                   AbortCycleError; of a write UnknownOutcomeError
200, SHOP_INACTIVE                           NeedsOperatorError
200, userErrors of a mutation                HoldRecordError, NotFoundError
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cartui.domain.remedies import retry_held
from cartui.domain.safe_text import safe_text
from cartui.errors import (
    AbortCycleError,
    CartuiError,
    ExitCode,
    HoldRecordError,
    NeedsOperatorError,
    UnknownOutcomeError,
)
from cartui.transport import NotFoundError, redact

_RIGHTS = "Give the app the scopes named in docs/carts/shopify.md, and install it again so that they take effect."
_SCHEMA = frozenset({"undefinedField", "argumentNotAccepted", "undefinedType", "undefinedDirective", "BAD_REQUEST"})
_MISSING = ("does not exist", "not found", "could not be found")


class AccessError(NeedsOperatorError):
    """The token, or the client's credentials, were not accepted."""


class ShopFaultError(AbortCycleError):
    """The shop failed inside a row of what was read; perhaps on that one only."""


class TooCostlyError(AbortCycleError):
    """The query costs more than the shop allows a single one; `cost` and `most` are 0 where it didn't say."""

    def __init__(self, cost: int, most: int) -> None:
        super().__init__("The shop finds the query too costly, even for one record.", "Report it with the shop's plan.")
        self.cost = cost
        self.most = most


def codes_of(errors: Sequence[Any]) -> list[str]:
    told = [one.get("extensions") if isinstance(one, dict) else None for one in errors]
    return [str(one.get("code") or "") if isinstance(one, dict) else "" for one in told]


def said_in(errors: Sequence[Any]) -> str:
    """The messages, for a person."""
    words = [str(one.get("message") or "") if isinstance(one, dict) else str(one) for one in errors[:3]]
    return safe_text(redact("; ".join(filter(None, words))), 300)


def error_of(errors: Sequence[Any], record: str, *, writes: bool) -> CartuiError:
    """What top-level `errors` mean; `record` is "" for listings."""
    codes = codes_of(errors)
    code, said = codes[0] if codes else "", said_in(errors)
    tail = f" The shop says: {said}" if said else ""
    if "ACCESS_DENIED" in codes:
        return NeedsOperatorError(f"The shop does not allow this to the app.{tail}", _RIGHTS, ExitCode.CART_REFUSED)
    if code == "SHOP_INACTIVE":
        return NeedsOperatorError(f"The shop is not active.{tail}", "Settle it with Shopify.", ExitCode.CART_REFUSED)
    if code in _SCHEMA or any(one in codes for one in _SCHEMA):
        remedy = "Choose the newest API version in the cart's options, or update cartui."
        problem = f"This version of the API does not know what cartui asks for.{tail}"
        return NeedsOperatorError(problem, remedy, ExitCode.CART_REFUSED)
    if code == "MAX_COST_EXCEEDED":
        extensions = errors[0]["extensions"]
        return TooCostlyError(_whole(extensions.get("cost")), _whole(extensions.get("maxCost")))
    if writes and code in ("", "INTERNAL_SERVER_ERROR", "TIMEOUT"):
        return UnknownOutcomeError(f"The shop failed while it wrote.{tail}", "It is looked up before it is sent again.")
    if writes:
        return HoldRecordError(record, f"The shop refused it ({safe_text(code, 60)}).{tail}", "Correct it, then retry.")
    path = errors[0].get("path") if errors and isinstance(errors[0], dict) else None
    kind = ShopFaultError if isinstance(path, list) and len(path) > 1 else AbortCycleError
    return kind(f"The shop failed.{tail}", "cartui tries again by itself; test the connection if it stays.")


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def refusal_of(user_errors: Sequence[Mapping[str, Any]], record: str) -> HoldRecordError:
    """What `userErrors` of a mutation mean: HTTP 200, and yet nothing was written."""
    words = [f"{'.'.join(map(str, one.get('field') or [])) or 'it'}: {one.get('message')}" for one in user_errors[:5]]
    said = safe_text("; ".join(words), 300)
    codes = " ".join(str(one.get("code") or "") for one in user_errors)
    if "DOES_NOT_EXIST" in codes or "NOT_FOUND" in codes or any(word in said.lower() for word in _MISSING):
        return NotFoundError(record, f"The shop does not have it (any more): {said}", "List the records again.")
    return HoldRecordError(record, f"The shop refused it: {said}", retry_held("Correct what it names"))
