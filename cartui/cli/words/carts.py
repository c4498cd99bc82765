"""Making, setting, testing, starting and looking at carts."""

from __future__ import annotations

from cartui.cli.words.arguments import as_json, cart_name, confirm, describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cartui.cli.words.arguments import Commands, Parser


def _demo(command: Parser) -> None:
    describe(
        command,
        "Serve the bundled demo shop on this machine, make its cart document and open cartui on it. Everything is kept "
        "in CARTUI_HOME/demo, apart from your own carts.",
        "cartui demo --seed 7",
    )
    command.add_argument("--serve-only", action="store_true", help="serve the shop until interrupted, open no screens")
    command.add_argument("--port", type=int, metavar="N", help="port to serve on (default: a free one)")
    command.add_argument("--seed", type=int, metavar="N", help="which made-up shop; each has a home of its own")
    command.add_argument(
        "--print-password", action="store_true", help="print address and password, then go on as asked"
    )


def _carts(command: Parser) -> None:
    describe(command, "List the carts.", "cartui carts --json")
    as_json(command)


def _show(command: Parser) -> None:
    describe(
        command,
        "Show one cart: settings, dates, status, and what still stands against starting it. With DOCUMENT (a document "
        "number, or an order number or id of the cart) show that document with its lines and the proof of its total.",
        "cartui show 'Main shop'",
    )
    cart_name(command)
    command.add_argument("document", metavar="DOCUMENT", nargs="?", help="one document instead of the cart")
    as_json(command)


def _new(command: Parser) -> None:
    describe(
        command,
        "Make a cart, STOPPED and untested.",
        "cartui new 'Main shop' --type cart-connect --url https://shop.example --secret-from env:SHOP_PASSWORD",
    )
    cart_name(command)
    command.add_argument(
        "--type", required=True, metavar="TYPE", dest="cart_type", help="type of cart, see `cartui doctor`"
    )
    command.add_argument("--url", required=True, metavar="URL", help="address of the cart")
    command.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of this type of cart, a secret one by reference (repeatable)",
    )
    command.add_argument(
        "--secret-from",
        metavar="WHERE",
        help="where the password is: env:VARIABLE, file:PATH, command:PROGRAM, credential:NAME, or prompt (asks now)",
    )
    command.add_argument("--test-cart", action="store_true", help="this is a test shop, not a live one")
    command.add_argument(
        "--allow-plain-http", action="store_true", help="allow an http:// address: anyone on the way can read it"
    )
    as_json(command)


def _set(command: Parser) -> None:
    describe(
        command,
        """\
Change settings of a cart. All or none are changed. The settings:
  last_order_from       date and time; orders placed before it are never imported
  last_update_time      date and time; customer and item changes before it are not looked at
  import_orders_as      cash_sale, sales_order or sales_invoice
  from_cart_customers   yes or no: update customers from the cart
  from_cart_items       yes or no: update items from the cart
  sync_orders           yes or no: orders by themselves, or by hand only
  to_cart_stock         yes or no: stock as it changes (also sync_inventory)
  to_cart_items         yes or no: changed items
  to_cart_customers     yes or no: changed customers
  to_cart_tracking      yes or no: shipments with tracking (also sync_tracking)
  send_from_test        yes or no: stock and tracking although this is a test shop
  stock_number          orderable or on_hand: which number is sent
  stock_buffer          pieces kept back from this cart
  stock_backorder       yes or no: numbers below zero are sent as they are
  stock_range           all, listed or query: for which of the linked items
  stock_query           with stock_range=query: a query, such as code:MUG*
  owner.KIND.FIELD      cart, system, newest or ask: whose word counts where both directions are on, such as
                        owner.item.price; owner.item is all fields of items
  carrier.NAME          the cart's own name of our carrier; default_carrier for the others
  shipped_status        the cart's status of an order that was sent whole
  notify_shopper        yes or no: the shop may tell its buyer of a shipment
  poll_minutes          1 to 60
  reconcile             daily or off: compare the orders of 30 days and the linked items as a whole
  reconcile_full        yes or no: once a week compare all orders since Last Order from
  live                  yes or no (a test shop)
  url                   address of the cart
  password              where it is: env:, file:, command:, credential: or prompt
  allow_plain_http      yes or no
  option.NAME           a setting of this type of cart
Dates are ISO 8601; without an offset they are in this machine's time zone; `now` is now.""",
        "cartui set 'Main shop' last_order_from=2026-11-01T00:00 import_orders_as=sales_order",
    )
    cart_name(command)
    command.add_argument("changes", metavar="KEY=VALUE", nargs="+", help="what to set")
    as_json(command)


def _test(command: Parser) -> None:
    describe(command, "Test the connection, stage by stage. Start needs a test that passed.", "cartui test 'Main shop'")
    cart_name(command)
    as_json(command)


def _start(command: Parser) -> None:
    describe(
        command,
        "Start auto-sync, if the live-cart guard allows it; what is missing is named. Dates far back want the cart's "
        "name once more. --preview reads what would come and says what would be sent, and starts nothing.",
        "cartui start 'Main shop' --confirm 'Main shop'",
    )
    cart_name(command)
    confirm(command)
    command.add_argument("--preview", action="store_true", help="how much would come and go at first; starts nothing")
    as_json(command)


def _stop(command: Parser) -> None:
    describe(command, "Stop auto-sync; a round under way ends after its page.", "cartui stop 'Main shop'")
    cart_name(command)
    as_json(command)


def _delete(command: Parser) -> None:
    describe(
        command,
        "Delete a cart and what is remembered of its records; its documents stay.",
        "cartui delete 'Main shop' --confirm 'Main shop'",
    )
    cart_name(command)
    confirm(command)
    as_json(command)


def _doctor(command: Parser) -> None:
    describe(
        command,
        "Check this installation and every cart, changing nothing: Python, SQLite, database, permissions, disk space, "
        "clock, types of cart, and each cart's password and connection.",
        "cartui doctor --offline",
    )
    command.add_argument(
        "--adopt", action="store_true", help="this machine now owns a database that was copied from another one"
    )
    command.add_argument("--offline", action="store_true", help="don't ask the carts")
    as_json(command)


COMMANDS: Commands = {
    "demo": ("demo:run_demo", "open cartui on a demo shop that runs on this machine", _demo),
    "carts": ("carts:run_carts", "list the carts", _carts),
    "show": ("show:run_show", "show one cart, or one document", _show),
    "new": ("carts:run_new", "make a cart", _new),
    "set": ("settings:run_set", "change settings of a cart", _set),
    "test": ("carts:run_test", "test the connection, stage by stage", _test),
    "start": ("carts:run_start", "start auto-sync, if the live-cart guard allows it", _start),
    "stop": ("carts:run_stop", "stop auto-sync", _stop),
    "delete": ("carts:run_delete", "delete a cart; its documents stay", _delete),
    "doctor": ("doctor:run_doctor", "check this installation and every cart", _doctor),
}
