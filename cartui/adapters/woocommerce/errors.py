"""What WooCommerce's refusals mean. Texts come in the shop's language, so the code decides; the rest is judged by the
transport's table. Also: JSON with PHP's notices around it.

code                                      status    next
woocommerce_rest_authentication_error     401       NeedsOperatorError: wrong key, or one that may not do this
woocommerce_rest_cannot_…                 401       NeedsOperatorError: no credentials arrived
woocommerce_rest_cannot_…                 403       NeedsOperatorError: the key's user may not do this
rest_no_route, a page instead of data     404       NeedsOperatorError: no WooCommerce at this address
…_invalid_id                              400, 404  NotFoundError
product_invalid_sku, registration-error-… 400       HoldRecordError
any other                                 400 to 4… HoldRecordError of a record, AbortCycleError of a listing
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from cartui.domain.remedies import retry_held
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, CartuiError, ExitCode, HoldRecordError, NeedsOperatorError
from cartui.transport import NotFoundError, Reply

EXPECTED: Final = (400, 401, 403, 404, 410, 413)
NO_ROUTE: Final = "rest_no_route"
_NOTICE: Final = re.compile(
    rb"\s*(?:<br\s*/?>|<b>|<!--|(?:PHP )?(?:Notice|Warning|Deprecated|Strict Standards)\b)", re.IGNORECASE
)
_MARKS: Final = re.compile(rb"\A(?:\s|\xef\xbb\xbf)+")  # PHP files saved with a byte order mark print one each
_MOST_STARTS: Final = 200


class RefusedError(HoldRecordError):
    """The shop refused a write, with its own word for why."""

    def __init__(self, code: str, record: str, reason: str, remedy: str) -> None:
        super().__init__(record, reason, remedy)
        self.code = code


def tidy_json(body: bytes) -> bytes:
    """The JSON of an answer into which PHP printed notices (or a plug-in's debugger a comment), before or after it.
    Whatever is not clearly that comes back as it is."""
    body = _MARKS.sub(b"", body, count=1)
    start = body[:1]
    if start in (b"[", b"{"):
        return _without_tail(body)
    if not _NOTICE.match(body):
        return body
    text = body.decode("utf-8", "surrogateescape")
    for count, match in enumerate(re.finditer(r"[\[{]", text)):
        if count >= _MOST_STARTS:
            break
        if _looks_like_json(text, match.start()):
            return _without_tail(text[match.start() :].encode("utf-8", "surrogateescape"))
    return body


def _looks_like_json(text: str, at: int) -> bool:
    return re.match(r'\[\s*(?:\]|\{\s*["}])|\{\s*(?:"|\}\s*$)', text[at : at + 200]) is not None


def _without_tail(body: bytes) -> bytes:
    """Cuts off notices after the JSON; a body that is cut itself stays as it is, to be seen as such."""
    end = max(body.rfind(b"]"), body.rfind(b"}"))
    if end < 0 or not body[end + 1 :].strip():
        return body
    ends = [match.end() for match in re.finditer(rb"[\]}](?=\s*<(?:br\s*/?|b|!--))", body)]
    for at in ends[:_MOST_STARTS]:
        try:
            json.loads(body[:at])
        except (ValueError, RecursionError):
            continue
        return body[:at]
    return body


def told(reply: Reply) -> dict[str, Any]:
    """The error object of an answer, {} where it is none (a page of the web server or of a firewall)."""
    try:
        body = reply.json
    except AbortCycleError:
        return {}
    return body if isinstance(body, dict) and isinstance(body.get("code"), str) else {}


def code_of(reply: Reply) -> str:
    return str(told(reply).get("code") or "")


def error_of(reply: Reply, record: str, *, listing: bool) -> CartuiError:
    """The error for an answer with one of `EXPECTED`. `record` names what was asked for."""
    error = told(reply)
    code = str(error.get("code") or "")
    said = f" The shop says: {words_of(error)}" if error else ""
    if reply.status in (401, 403):
        problem, remedy = _refusal(reply.status, code)
        return NeedsOperatorError(problem + said, remedy, ExitCode.CART_REFUSED)
    if reply.status == 404 and (not error or code == NO_ROUTE):
        return NeedsOperatorError(*NO_API)
    if code.endswith(("_invalid_id", "invalid_product_id", "invalid_product_parent")):
        return NotFoundError(record, f"The shop does not have it (any more).{said}", _LOOK_IN_SHOP)
    if listing:
        return AbortCycleError(f"The shop did not send its {record} (status {reply.status}).{said}", _CHECK_PLUGINS)
    if reply.status in (404, 410):
        return NotFoundError(record, f"The shop does not have it (any more).{said}", _LOOK_IN_SHOP)
    there = _existing(error)
    problem = f"The shop refused it (status {reply.status}).{said}{there}"
    return RefusedError(code, record, problem, _REMEDIES.get(code, _CORRECT))


def words_of(error: dict[str, Any]) -> str:
    """The shop's own words, the fields it names with them."""
    data = error.get("data")
    params = data.get("params") if isinstance(data, dict) else None
    details = "; ".join(str(one) for one in params.values()) if isinstance(params, dict) else ""
    return safe_text(re.sub(r"<[^>]*>", "", details or str(error.get("message") or error.get("code") or "")), 300)


def _existing(error: dict[str, Any]) -> str:
    data = error.get("data")
    there = data.get("resource_id") if isinstance(data, dict) else None
    return f" It is {safe_text(str(there), 20)} in the shop." if there else ""


def _refusal(status: int, code: str) -> tuple[str, str]:
    if code == "woocommerce_rest_authentication_error":
        return (
            "The shop did not accept the key for this (status 401).",
            _KEY_AGAIN,
        )
    if status == 401 and code.startswith("woocommerce_rest_cannot"):
        return (
            "The shop saw no credentials in the request (status 401).",
            _HEADER_LOST,
        )
    return (
        f"The shop does not allow this to the key that cartui uses (status {status}).",
        "Let the key belong to an administrator or shop manager; a security plug-in may refuse cartui, too.",
    )


NEEDS_USER_NAME: Final = (
    "registration-error-invalid-username",
    "registration-error-missing-password",
    "rest_missing_callback_param",
)
_KEY_AGAIN: Final = (
    "Enter consumer key and consumer secret again. A key may be for reading or for writing only: make one with"
    " Read/Write under WooCommerce > Settings > Advanced > REST API. Over plain http also check this machine's clock."
)
_HEADER_LOST: Final = (
    "Its web server or a proxy may remove the Authorization header: choose query as the way to send the key. Where a"
    " proxy ends the encryption, WordPress must be told (X-Forwarded-Proto), or choose oauth."
)
_ENTER_HOME: Final = (
    "Enter the address of the shop's home page, with the directory WordPress is in. Check that WooCommerce is active"
    " and that Settings > Permalinks is not Plain."
)
NO_API: Final = ("There is no WooCommerce REST API at this address (status 404).", _ENTER_HOME)
_CHECK_PLUGINS: Final = "Check the shop's version, and whether a plug-in changes its REST API."
_LOOK_IN_SHOP: Final = "Look whether it was deleted or moved to the trash in the shop; if so, unlink it here."
_CORRECT: Final = retry_held("Correct what the shop names")
_REMEDIES: Final = {
    "product_invalid_sku": "Another product has this SKU, perhaps in other case: link to it, or change one.",
    "registration-error-email-exists": "Another account has this e-mail address: link to it.",
    "woocommerce_rest_product_not_created": "Another product may have this SKU: link to it, or change one.",
}
