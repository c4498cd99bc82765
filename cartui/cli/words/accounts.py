"""Arguments of the commands about documents, accounts and stock."""

from __future__ import annotations

from cartui.cli.words.arguments import as_json, describe

TYPE_CHECKING = False  # typing costs a fifth of what --version may take
if TYPE_CHECKING:
    from cartui.cli.words.arguments import Commands, Parser

DOCUMENT_ACTIONS = ("show", "edit", "void", "convert", "credit", "ship", "close", "pay", "pick", "audit")
ACCOUNT_ACTIONS = (
    "trial-balance", "journal", "sales", "receivables", "ages", "chart", "rename", "add", "map", "check",
)  # fmt: skip
EXPORTS = ("documents", "lines", "journal", "beancount")
STOCK_ACTIONS = ("ledger", "opening", "receipt", "return", "count", "adjust")


def _document(command: Parser) -> None:
    describe(
        command,
        """\
Work with one document, by its number (D000012, or the one it was posted under, INV-2026-00007):
  show                 all of it
  edit FIELD=VALUE...  change a PENDING one: kind, placed_at, customer_name, email, note, shipping_method,
                       exchange_rate, billing.city, shipping.street1, ..., and lines: line.2.quantity=3,
                       line.2.item_code=MUG, line.2.unit_price=, line.2.amount=, line.2.text=; line.new.text=... adds a
                       line, line.2=remove takes one out; --always: the SKU of lines given an item means it from now on
  void                 of a PENDING one or an unused order; needs --reason
  convert              an approved order becomes a PENDING invoice (--to cash_sale: a cash sale), whole, by --line
                       POSITION=QUANTITY, or what was --shipped
  credit               a PENDING credit note of a posted invoice or cash sale, whole or by --line; --keep POSITION: the
                       goods of that line do not go back on the shelf; --paid-back METHOD: the money went back already
  ship                 a shipment, whole or by --line; --carrier, --tracking, --tracking-url
  close                the remainder of an order will not be delivered
  pay                  a payment on an invoice: --amount, --method
  pick                 what to take from the shelf for it (several NUMBERs)
  audit                who did what to it, and when
What was posted is never changed: approve with `cartui approve`, reverse with credit.""",
        "cartui document edit D000012 line.2.quantity=3 note='gift wrap'",
    )
    command.add_argument("action", metavar="ACTION", choices=DOCUMENT_ACTIONS, help=", ".join(DOCUMENT_ACTIONS))
    command.add_argument("number", metavar="NUMBER", help="the document")
    command.add_argument("ids", metavar="WORD", nargs="*", help="edit: FIELD=VALUE; pick: further numbers")
    command.add_argument("--reason", default="", help="void, close: why")
    command.add_argument("--always", action="store_true", help="edit: the SKU means that item from now on")
    command.add_argument(
        "--line", action="append", default=[], metavar="POSITION=QUANTITY", dest="lines", help="part of it (repeatable)"
    )
    command.add_argument(
        "--to", choices=("sales_invoice", "cash_sale"), default="sales_invoice", help="convert: to what"
    )
    command.add_argument("--shipped", action="store_true", help="convert: what was shipped and not yet invoiced")
    command.add_argument(
        "--keep", action="append", default=[], type=int, metavar="POSITION", help="credit: no restock (repeatable)"
    )
    command.add_argument("--paid-back", default="", metavar="METHOD", help="credit: how the money went back")
    command.add_argument("--carrier", default="", help="ship: who carries it")
    command.add_argument("--tracking", default="", metavar="NUMBER", help="ship: the tracking number")
    command.add_argument("--tracking-url", default="", metavar="URL", help="ship: where the buyer can follow it")
    command.add_argument("--amount", default="", help="pay: how much (default: all that is open)")
    command.add_argument("--method", default="bank", help="pay: how (default: bank)")
    command.add_argument("--approve", action="store_true", help="convert, credit: approve what was made at once")
    command.add_argument("--dry-run", action="store_true", help="edit: show what would change and do nothing")
    as_json(command)


def _approve(command: Parser) -> None:
    describe(
        command,
        "Approve PENDING documents, by number or those of a cart that match: what will be posted is shown first and "
        "done after a yes. Cash sales, invoices and credit notes post to the accounts and move stock; sales orders "
        "keep stock for their buyers and post nothing. Each gets the next number of its kind and year.",
        "cartui approve --cart 'Main shop' --where 'kind:cash_sale' --dry-run",
    )
    command.add_argument("ids", metavar="NUMBER", nargs="*", help="which documents")
    command.add_argument("--cart", metavar="NAME", dest="of_cart", help="with --where or --all: of this cart")
    command.add_argument("--where", metavar="QUERY", help="those that match, as `cartui list NAME orders`")
    command.add_argument("--all", action="store_true", help="all PENDING ones of --cart")
    command.add_argument("--dry-run", action="store_true", help="show what would be posted and do nothing")
    command.add_argument("--yes", action="store_true", help="approve without asking")
    as_json(command)


def _accounts(command: Parser) -> None:
    describe(
        command,
        """\
The accounts:
  trial-balance   the balance of each account, by currency; --until DAY
  journal         every posting, in order; --document NUMBER: of one document
  sales           what was sold by day, cart and tax rate; --from DAY, --until DAY (default: this month)
  receivables     invoices on which something is owed; ages: their sums by age
  chart           the accounts; rename KEY NAME, add KEY NAME --kind asset
  map CART        which account a payment method or tax rate of a cart goes to; map CART payment paypal KEY sets one,
                  map CART tax 20 KEY as well
  check           whether all postings balance, stock is the sum of its ledger, and numbers have no gaps
Amounts stay in the currency of their document. Days are UTC.""",
        "cartui accounts trial-balance --until 2026-12-31 --csv",
    )
    command.add_argument("action", metavar="ACTION", choices=ACCOUNT_ACTIONS, help=", ".join(ACCOUNT_ACTIONS))
    command.add_argument("ids", metavar="WORD", nargs="*", help="rename, add, map: see above")
    command.add_argument("--until", metavar="DAY", help="the last day that counts, such as 2026-12-31")
    command.add_argument("--from", metavar="DAY", dest="first", help="sales: the first day")
    command.add_argument("--document", metavar="NUMBER", help="journal: of this document only")
    command.add_argument(
        "--kind", choices=("asset", "liability", "equity", "income", "expense"), default="asset", help="add: its kind"
    )
    _table(command)


def _export_books(command: Parser) -> None:
    describe(
        command,
        "Write what other accounting programs read: documents, lines or journal as CSV (no cell can start a formula), "
        "or the whole journal as a plain-text ledger for beancount. To standard output, or to --output.",
        "cartui export-books beancount --output books.beancount",
    )
    command.add_argument("what", metavar="WHAT", choices=EXPORTS, help=", ".join(EXPORTS))
    command.add_argument(
        "--output", metavar="FILE", help="write it there, instead of a file of that name, when all is written"
    )
    as_json(command)


def _inventory(command: Parser) -> None:
    describe(
        command,
        """\
The stock ledger and movements by hand, all or none, each with its --reason:
  ledger [CODE]        the newest movements
  opening CODE=QTY...  the first stock of items whose stock was never stated
  receipt CODE=QTY...  goods came in; CODE=QTY@COST gives what one piece cost (average cost follows)
  return CODE=QTY...   goods came back without a credit note
  count CODE=QTY...    what was counted; the difference is booked
  adjust CODE=QTY...   more (5) or less (CODE=-5)""",
        "cartui inventory receipt MUG-RED=40@2.15 --reason 'delivery 4711'",
    )
    command.add_argument("action", metavar="ACTION", choices=STOCK_ACTIONS, help=", ".join(STOCK_ACTIONS))
    command.add_argument("ids", metavar="CODE=QTY", nargs="*", help="which items, and how many")
    command.add_argument("--reason", default="", help="why")
    _table(command)


def _table(command: Parser) -> None:
    how = command.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="one JSON object a line")
    how.add_argument("--csv", action="store_true", help="CSV with a heading line")


COMMANDS: Commands = {
    "document": ("documents:run_document", "show, edit, void, convert, credit, ship one document", _document),
    "approve": ("documents:run_approve", "approve PENDING documents; shows what will be posted first", _approve),
    "accounts": ("accounts:run_accounts", "trial balance, journal, sales, receivables, chart of accounts", _accounts),
    "export-books": ("accounts:run_export", "documents, lines, journal for accounting programs", _export_books),
    "inventory": ("inventory:run_inventory", "the stock ledger; receipts, counts and adjustments", _inventory),
}
