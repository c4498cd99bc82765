"""What Vendure's errors mean, in one table. Pure."""

from __future__ import annotations

import re
from typing import Any

from cartui.domain.safe_text import safe_text
from cartui.errors import (
    AbortCycleError,
    CartuiError,
    ExitCode,
    HoldRecordError,
    NeedsOperatorError,
    UnknownOutcomeError,
)
from cartui.transport import NotFoundError

LOST_SESSION = frozenset({"FORBIDDEN", "UNAUTHORIZED"})
_OPERATOR = {
    "FORBIDDEN": (
        "The shop does not allow this to the user.",
        "Give the user's role the rights to read orders, customers and the catalogue, and to change the last two.",
    ),
    "INVALID_CREDENTIALS_ERROR": ("The shop did not accept the user name or the password.", "Enter them again."),
    "NOT_VERIFIED_ERROR": ("The user of the shop is not verified.", "Verify the user's e-mail address in the shop."),
    "CHANNEL_NOT_FOUND": ("The shop has no channel with this token.", "Copy it from Settings, Channels in the shop."),
}
_OPERATOR["UNAUTHORIZED"] = _OPERATOR["FORBIDDEN"]
_OPERATOR["NATIVE_AUTH_STRATEGY_ERROR"] = _OPERATOR["INVALID_CREDENTIALS_ERROR"]
_OPERATOR["CHANNEL_NOT_FOUND_ERROR"] = _OPERATOR["NO_VALID_CHANNEL"] = _OPERATOR["CHANNEL_NOT_FOUND"]
_UNKNOWN_FIELD = re.compile(r'Cannot query field "(\w+)" on type "(\w+)"')
_SCHEMA = frozenset({"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "BAD_REQUEST", "BAD_USER_INPUT"})


class ShopFaultError(AbortCycleError):
    """The shop failed inside a read; perhaps on one record only."""


class SchemaError(NeedsOperatorError):
    """The shop does not know a field that cartui asks for."""


def error_of(code: str, message: str, record: str, *, writes: bool) -> CartuiError:
    """The one table: what a code of `extensions.code` or `errorCode` means. `record` is "" for listings."""
    said = f" The shop says: {safe_text(message, 300)}" if message else ""
    if code in _OPERATOR:
        problem, remedy = _OPERATOR[code]
        return NeedsOperatorError(problem + said, remedy, ExitCode.CART_REFUSED)
    if code == "ENTITY_NOT_FOUND":
        return NotFoundError(record, f"The shop does not have it (any more).{said}", "List the records again.")
    if code in _SCHEMA and not (writes and code == "BAD_USER_INPUT"):
        remedy = "Vendure 2.0 or newer is needed; a plug-in of the shop may limit queries."
        return SchemaError(f"The shop does not know what cartui asks for.{said}", remedy, ExitCode.CART_REFUSED)
    if code in ("", "INTERNAL_SERVER_ERROR") and not writes:
        return ShopFaultError(f"The shop failed.{said}", "cartui tries again by itself; see the shop's log.")
    if code in ("", "INTERNAL_SERVER_ERROR"):
        return UnknownOutcomeError(f"The shop failed while it wrote.{said}", "It is looked up before it is sent again.")
    if writes:
        return HoldRecordError(
            record, f"The shop refused it ({safe_text(code, 60)}).{said}", "Correct what it names, then retry."
        )
    return AbortCycleError(f"The shop refused to list ({safe_text(code, 60)}).{said}", "Test the connection.")


def _told_without_code(message: str) -> str:
    """Vendure 2.0 gives no code to what did not fit its schema."""
    if _UNKNOWN_FIELD.search(message):
        return "GRAPHQL_VALIDATION_FAILED"
    return "BAD_USER_INPUT" if message.startswith('Variable "$') else ""


def refusal_in(answer: Any) -> tuple[str, str] | None:
    """(code, message) of the first error of an answer, as an error or as data."""
    if not isinstance(answer, dict):
        return "", "an answer that is not GraphQL"
    if errors := answer.get("errors"):
        first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
        extensions = first.get("extensions")
        code = extensions.get("code") if isinstance(extensions, dict) else None
        message = str(first.get("message") or "")
        return str(code or _told_without_code(message)), message
    data = answer.get("data")
    if not isinstance(data, dict):
        return "", "an answer without data"
    for result in data.values():
        if isinstance(result, dict) and result.get("errorCode"):
            return str(result["errorCode"]), str(result.get("message") or "")
    return None


def unknown_fields(answer: Any) -> frozenset[tuple[str, str]]:
    """(type, field) of all that the shop's schema does not have; nothing was carried out then."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    said = [str(one.get("message")) for one in errors or () if isinstance(one, dict)]
    return frozenset((kind, name) for text in said for name, kind in _UNKNOWN_FIELD.findall(text))
