"""Records of the cart and of the system: list, import, link, export, plans."""

from __future__ import annotations

from cartui.cli.words.arguments import KINDS, as_json, cart_name, confirm, describe, records, selection, where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cartui.cli.words.arguments import Commands, Parser

LISTS = (
    "orders",
    "items",
    "customers",
    "cart-orders",
    "cart-items",
    "cart-customers",
    "cart-baskets",
    "held",
    "activity",
)


def _list(command: Parser) -> None:
    describe(
        command,
        "List what the system holds (orders, items, customers, held, activity) or what the cart holds (cart-orders, "
        "cart-items, cart-customers, cart-baskets: asked from the cart now).",
        "cartui list 'Main shop' cart-orders --where 'status:processing total>100' --json",
    )
    cart_name(command)
    command.add_argument("which", metavar="WHAT", choices=LISTS, help=", ".join(LISTS))
    where(command)
    how = command.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="one JSON object a line")
    how.add_argument("--csv", action="store_true", help="CSV with a heading line")


def _conflicts(command: Parser) -> None:
    describe(
        command,
        "List the fields of items and customers that both sides changed, with our value and the cart's, read afresh; "
        "`ours` keeps our value, which is then sent, `cart` takes the cart's into ours. What moved since it was listed "
        "is refused.",
        "cartui conflicts 'Main shop' ours 17.price",
    )
    cart_name(command)
    command.add_argument("action", metavar="ours|cart", nargs="?", choices=("ours", "cart"), help="whose value counts")
    command.add_argument("ids", metavar="ID.FIELD", nargs="*", help="which ones, as `cartui conflicts NAME` lists them")
    command.add_argument("--all", action="store_true", help="all of them")
    confirm(command)
    as_json(command)


def _held(command: Parser) -> None:
    describe(
        command,
        "List the records that could not be imported, each with its reason; `retry` reads them from the cart again.",
        "cartui held 'Main shop' retry --all",
    )
    cart_name(command)
    command.add_argument("action", metavar="retry", nargs="?", choices=("retry",), help="read them from the cart again")
    command.add_argument("ids", metavar="ID", nargs="*", help="which ones, as `cartui held NAME` lists them")
    command.add_argument("--all", action="store_true", help="all of them")
    confirm(command)
    as_json(command)


def _import(command: Parser) -> None:
    describe(
        command,
        "Import orders of the cart as PENDING documents, or create items and customers from those of the cart.",
        "cartui import 'Main shop' orders --where 'placed>=2026-11-01' --dry-run",
    )
    selection(command, KINDS, "ID.COLUMN=VALUE", "code, cost, stock")


def _link(command: Parser) -> None:
    describe(
        command,
        "Tie items or customers of the cart to existing ones: to the code that is given, else to the one item whose "
        "code is the SKU, or the one customer with the e-mail.",
        "cartui link 'Main shop' items 4711 --set 4711.code=MUG-RED",
    )
    selection(command, KINDS, "ID.COLUMN=VALUE", "code, cost, stock")


def _unlink(command: Parser) -> None:
    describe(
        command,
        "Let go of the link between records of the cart and ours: of a document that was made void, so that its order "
        "can be imported anew by hand; of an item or customer that was linked wrongly or deleted in the cart. Nothing "
        "is deleted. The plan says what follows and is carried out after a yes; `cartui undo` ties items and customers "
        "again.",
        "cartui unlink 'Main shop' items 4711 --dry-run",
    )
    cart_name(command)
    command.add_argument("kind", metavar="KIND", choices=KINDS, help=", ".join(KINDS))
    command.add_argument(
        "ids", metavar="ID", nargs="+", help="the cart's ids, our codes, or numbers of orders or documents"
    )
    command.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    command.add_argument("--yes", action="store_true", help="carry the plan out without asking")
    confirm(command)
    as_json(command)


def _export(command: Parser) -> None:
    describe(
        command,
        "Send items or customers to the cart. The plan is shown first and carried out after a yes. Stock is sent only "
        "where it is given with --set.",
        "cartui export 'Main shop' items MUG-RED --set MUG-RED.stock=5 --dry-run",
    )
    selection(command, KINDS[1:], "CODE.COLUMN=VALUE", "stock")
    command.add_argument("--yes", action="store_true", help="carry the plan out without asking")


def _plan(command: Parser) -> None:
    describe(
        command,
        "Plan and do nothing: standard output is the plan as a file (JSON) with a seal, words go to standard error. "
        "`cartui apply` carries it out later, only the rows for which nothing has changed since.",
        "cartui plan 'Main shop' export items --all > plan.json",
    )
    cart_name(command)
    command.add_argument("doing", metavar="WHAT", choices=("import", "link", "export"), help="import, link or export")
    records(command, KINDS, "ID.COLUMN=VALUE", "code, cost, stock")


def _apply(command: Parser) -> None:
    describe(
        command,
        "Carry out a plan file. Everything is read and planned again: rows that would be done otherwise now are "
        "refused, the others are done.",
        "cartui apply plan.json --dry-run",
    )
    command.add_argument("file", metavar="FILE", help="the plan file; - is standard input")
    command.add_argument("--dry-run", action="store_true", help="show what would be done now and do nothing")
    confirm(command)
    as_json(command)


def _undo(command: Parser) -> None:
    describe(
        command,
        "Take back what was carried out by hand, row by row, where nobody changed it since. The plan is shown first "
        "and carried out after a yes.",
        "cartui undo 'Main shop' --list",
    )
    cart_name(command)
    command.add_argument("number", metavar="NUMBER", nargs="?", type=int, help="which one (default: the last)")
    command.add_argument("--list", action="store_true", help="list what was carried out, and do nothing")
    command.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    command.add_argument("--yes", action="store_true", help="carry the plan out without asking")
    confirm(command)
    as_json(command)


def _basket(command: Parser) -> None:
    describe(
        command,
        "Read one basket from the cart and show it, with what people did about it. Or first make it an order, set our "
        "step of it, or keep a note, a call or a task.",
        "cartui basket 'Main shop' 4711 --step contacted --call 'She wants it blue'",
    )
    cart_name(command)
    command.add_argument("basket", metavar="BASKET", help="its id, as `cartui list NAME cart-baskets` says")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--order", action="store_true", help="have the cart place its order, and import that")
    how.add_argument("--draft", action="store_true", help="make a PENDING document of it here; nothing is sent")
    command.add_argument(
        "--step", choices=("open", "contacted", "abandoned", "converted"), help="our step of it, not the cart's status"
    )
    command.add_argument("--note", metavar="TEXT", help="keep a note")
    command.add_argument("--call", metavar="TEXT", help="keep a call that was made")
    command.add_argument("--task", metavar="TEXT", help="keep a task; --due says when")
    command.add_argument("--due", metavar="DAY", help="the day of the task, such as 2026-12-01")
    as_json(command)


def _why(command: Parser) -> None:
    describe(
        command,
        "Explain one order: what came, by which rule it was taken or left, its lines and items, the proof of its "
        "total, its documents, and each step with who did it.",
        "cartui why N00017",
    )
    command.add_argument("order", metavar="ORDER", help="the cart's id of it, its number, or its document's number")
    command.add_argument("--cart-name", metavar="NAME", help="in this cart only")
    as_json(command)


def _changes(command: Parser) -> None:
    describe(
        command,
        "List the orders that changed in the cart after their import and wait for a person; or settle some: accept "
        "(the PENDING document becomes as the order is), ignore (the document stays), reimport (void it and import the "
        "order anew).",
        "cartui changes 'Main shop' accept D000017",
    )
    cart_name(command)
    command.add_argument(
        "action", metavar="WHAT", nargs="?", choices=("accept", "ignore", "reimport"), help="accept, ignore, reimport"
    )
    command.add_argument("documents", metavar="DOCUMENT", nargs="*", help="document numbers, or order numbers")
    as_json(command)


def _rules(command: Parser) -> None:
    describe(
        command,
        """\
Which orders of a cart are imported. A rule is a query and what happens with the orders that match; the first that
matches decides, and where none does, the status. What happens: import, wait (looked at again by itself), hold, past (a
document that posts nothing), skip.
  rules NAME                        list them
  rules NAME add QUERY WHAT         add one (--at N: as number N)
  rules NAME remove N | move N M | clear
  rules NAME try [QUERY WHAT]       what would happen to the orders of the last days, with one more rule or without
Fields: status order payment fulfilment method paid total currency age tag group country shipping email sku guest.""",
        "cartui rules 'Main shop' try 'method:bankwire total>500' hold",
    )
    cart_name(command)
    command.add_argument(
        "action", metavar="ACTION", nargs="?", choices=("add", "remove", "move", "clear", "try"),
        help="add, remove, move, clear or try",
    )  # fmt: skip
    command.add_argument("words", metavar="WORD", nargs="*", help="a query and what happens, or numbers of rules")
    command.add_argument("--at", metavar="N", type=int, help="the place of a new rule (default: the last)")
    command.add_argument("--days", metavar="N", type=int, default=30, help="try: orders of so many days (default 30)")
    command.add_argument("--dry-run", action="store_true", help="try the changed rules instead of storing them")
    as_json(command)


def _backfill(command: Parser) -> None:
    describe(
        command,
        "Import the orders that were placed in a span, apart from auto-sync: as past documents, which post nothing and "
        "move no stock, or as PENDING ones. The plan with count and value is shown first.",
        "cartui backfill 'Main shop' 2026-01-01 2026-11-01 --dry-run",
    )
    cart_name(command)
    command.add_argument("first", metavar="FROM", help="placed from here, such as 2026-01-01 or 2026-01-01T08:00")
    command.add_argument("until", metavar="UNTIL", help="placed before this")
    command.add_argument("--pending", action="store_true", help="PENDING documents, to be approved one day")
    command.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    command.add_argument("--yes", action="store_true", help="carry the plan out without asking")
    confirm(command)
    as_json(command)


COMMANDS: Commands = {
    "list": ("lists:run_list", "list orders, items, customers, held records or activity", _list),
    "held": ("lists:run_held", "list held records, or retry them", _held),
    "conflicts": ("conflicts:run_conflicts", "fields that both sides changed; say whose value counts", _conflicts),
    "import": ("actions:run_import", "import orders, or create items and customers from the cart", _import),
    "link": ("actions:run_link", "tie items and customers of the cart to existing ones", _link),
    "unlink": ("actions:run_unlink", "let go of the link of an order, item or customer", _unlink),
    "export": ("actions:run_export", "send items or customers to the cart; shows the plan first", _export),
    "basket": ("baskets:run_basket", "show a basket, work on it, make it an order", _basket),
    "why": ("orders:run_why", "explain one order, step by step", _why),
    "changes": ("orders:run_changes", "orders that changed in the cart after their import; settle them", _changes),
    "rules": ("rules:run_rules", "which orders are imported, held or left alone; try it first", _rules),
    "backfill": ("rules:run_backfill", "import the orders of a span of the past", _backfill),
    "plan": ("plans:run_plan", "plan an import, link or export, and do nothing: the plan is a file", _plan),
    "apply": ("plans:run_apply", "carry out a plan file", _apply),
    "undo": ("plans:run_undo", "take back what was carried out by hand", _undo),
}
