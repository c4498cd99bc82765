"""A third party's adapter, found by its entry point: a shop in memory that misbehaves as its options say."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cartui.adapters.memory import MemoryCart, MemoryShop
from cartui.domain.ports import AdapterSpec, BadRecord, Connection, Option, Received, Stage, StageResult, Verdict
from cartui.errors import AbortCycleError, ExitCode, NeedsOperatorError
from cartui.testing.samples import basket, customer, item, order

SHOP_SIZE = 3
HOSTILE = "=HYPERLINK(\x1b]52;c;aGk=\x07\u202e [/red]"


class PaperCart(MemoryCart):
    def __init__(self, shop: MemoryShop, connection: Connection) -> None:
        super().__init__(shop)
        self._connection = connection

    def test_connection(self):
        self._connection.secret("password")
        if self._connection.options.get("mode") == "untested":
            yield StageResult(Stage.ADDRESS, Verdict.PASSED, "found")
            yield StageResult(Stage.AUTHENTICATION, Verdict.FAILED, "Wrong password.", "Set another password.")
            return
        yield from super().test_connection()

    def iter_orders(self, since):
        match self._connection.options.get("mode"):
            case "refuses":
                raise NeedsOperatorError("The cart refused the password.", "Set it again.", ExitCode.CART_REFUSED)
            case "away":
                raise AbortCycleError("The cart does not answer.", "Nothing is to be done.")
            case "bug":
                local_variable = "a secret of a customer"
                raise KeyError(f"no {len(local_variable)}")
            case "hangs":
                Path(os.environ["PAPER_SIGN"]).touch()
                time.sleep(600)  # a request that gets no answer
            case "paged":
                for page in super().iter_orders(since):
                    yield page
                    Path(os.environ["PAPER_SIGN"]).touch()
                    time.sleep(0.2)
                return
        yield from super().iter_orders(since)


def open_paper(connection: Connection) -> PaperCart:
    at = datetime.fromisoformat(connection.options["at"]) if "at" in connection.options else datetime.now(UTC)
    shop = MemoryShop(lambda: at)
    for number in range(1, int(connection.options.get("orders", SHOP_SIZE)) + 1):
        placed = at - timedelta(minutes=number)
        shop.orders[str(number)] = order(number, placed, note=HOSTILE)
        shop.items[f"i{number}"] = item(number, placed, name=HOSTILE if number == 1 else f"Thing {number}")
        shop.customers[f"c{number}"] = customer(number, placed)
    shop.baskets["b1"] = basket(1, at)
    if connection.options.get("mode") == "bad":
        shop.bad_orders["bad"] = Received("bad", at, b'{"id": "bad"}', BadRecord("Its date can't be read."))
    if connection.options.get("mode") == "paged":
        shop.page_size = 1
    return PaperCart(shop, connection)


SPEC = AdapterSpec(
    cart_type="paper",
    title="Paper shop",
    cart_class=PaperCart,
    open=open_paper,
    url_help="anything",
    options=(
        Option("orders", "Orders", "how many"),
        Option("mode", "Mode", "how it misbehaves"),
        Option("at", "At", "the shop's time"),
        Option("token", "Token", "a second secret", secret=True),
    ),
)
