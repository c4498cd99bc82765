"""What the web service's refusals mean, by its own codes (WebserviceRequest.php); the rest is judged by the transport.

status  codes      error                        next
401     16-21      NeedsOperatorError           the key is wrong or not active
401     26         NeedsOperatorError           the key may not use this resource
403     132        NeedsOperatorError           the key is not of this shop
404     -          NeedsOperatorError           a list: there is no web service at this address
404     87, 92     NotFoundError                a record that is gone
405     23, 25     NeedsOperatorError           the key may not use this method
503     22         NeedsOperatorError           the web service is switched off
400     41-93      HoldRecordError              the shop refuses the record
500     any        -                            a read: AbortCycleError; a write: look what became of it
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cartui.adapters.prestashop.wire import ShopError
from cartui.domain.remedies import retry_held
from cartui.domain.safe_text import safe_text
from cartui.errors import AbortCycleError, CartuiError, ExitCode, HoldRecordError, NeedsOperatorError
from cartui.transport import NotFoundError

CORRECT: Final = retry_held("Correct what the shop names")
_KEYS: Final = "Advanced Parameters, Webservice"


class DoubtfulError(Exception):
    """A write was answered with HTTP 500, which PrestaShop also does after it saved everything."""

    def __init__(self, errors: Sequence[ShopError]) -> None:
        super().__init__(in_words(errors))
        self.said = in_words(errors)


class SpoiltError(AbortCycleError):
    """A list that did not come since PHP complained about a record of it."""


class MethodError(Exception):
    """The shop or the key does not have this method (405): PATCH before version 8."""


def in_words(errors: Sequence[ShopError]) -> str:
    """What the shop said; PHP's own complaints only where there is nothing else."""
    told = [one for one in errors if not one.is_noise] or list(errors)
    return safe_text("; ".join(one.message for one in told[:3] if one.message), 300)


def refusal_of(status: int, errors: Sequence[ShopError], what: str) -> CartuiError | None:
    """The refusal of a read, or of any write but for its content. None: the answer says nothing of its own."""
    codes = {one.code for one in errors}
    said = f" The shop says: {in_words(errors)}" if in_words(errors) else ""
    if (status == 401 and 26 in codes) or status == 405:
        return NeedsOperatorError(
            f"The key may not {what}.{said}", f"Give it that right in the shop under {_KEYS}.", ExitCode.CART_REFUSED
        )
    if status == 401:
        return _wrong_key(errors, said)
    if status == 403 and errors:
        return NeedsOperatorError(
            f"The key is not allowed for this shop.{said}",
            f"Associate the key with the shop under {_KEYS}, or correct the option shop_id.",
            ExitCode.CART_REFUSED,
        )
    if status == 404:
        return NeedsOperatorError(
            f"There is no PrestaShop web service at this address (status 404).{said}",
            "Enter the shop's address as a browser shows it, and check that friendly URLs (rewriting) work there.",
            ExitCode.CART_REFUSED,
        )
    if status == 503 and 22 in codes:
        return NeedsOperatorError(
            "The shop's web service is switched off.",
            f"Switch it on in the shop under {_KEYS}: Enable PrestaShop's webservice.",
            ExitCode.CART_REFUSED,
        )
    if errors and status in (400, 500):
        remedy = "cartui tries again by itself. If it stays so, switch off the module that the message names."
        kind = SpoiltError if all(one.is_noise for one in errors) else AbortCycleError
        return kind(f"The shop could not {what} (status {status}).{said}", remedy)
    return None


def _wrong_key(errors: Sequence[ShopError], said: str) -> CartuiError:
    if errors:
        remedy = f"Enter the key again: 32 characters, and switched on in the shop under {_KEYS}."
    else:
        # The plain "401 Unauthorized" is what PrestaShop answers when no key arrived at all.
        remedy = (
            "If a key was entered, the web server drops the Authorization header: have its host pass it on"
            " (CGIPassAuth On), or set the option key_in to address."
        )
    return NeedsOperatorError(f"The shop did not accept the key (status 401).{said}", remedy, ExitCode.CART_REFUSED)


def refused_write(status: int, errors: Sequence[ShopError], record: str) -> CartuiError | None:
    """The refusal of a record's content."""
    if status == 404:
        return NotFoundError(
            record, "The shop does not have it (any more).", "Look whether it was deleted in the shop."
        )
    if status == 400:
        return HoldRecordError(record, f"The shop refused it: {in_words(errors) or 'status 400'}", CORRECT)
    return None
