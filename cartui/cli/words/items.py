"""Arguments of the commands about items and customers of the system, CSV files and matching."""

from __future__ import annotations

from cartui.cli.words.arguments import KINDS, as_json, cart_name, describe, where

TYPE_CHECKING = False  # typing costs a fifth of what --version may take
if TYPE_CHECKING:
    from cartui.cli.words.arguments import Commands, Parser

ITEM_ACTIONS = ("list", "show", "new", "edit", "undo")
CUSTOMER_ACTIONS = ("list", "show", "new", "edit", "undo", "duplicates", "merge", "unmerge", "merges")


def _register(command: Parser, actions: tuple[str, ...], word: str) -> None:
    command.add_argument("action", metavar="ACTION", choices=actions, help=", ".join(actions))
    command.add_argument("ids", metavar=word, nargs="*", help="which ones, by code")
    command.add_argument("--all", action="store_true", help="with edit: all of them")
    where(command)
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        dest="edits",
        help="with new and edit: a field; numbers also by FIELD+10%%, FIELD-5, FIELD*1.2 (repeatable)",
    )
    command.add_argument("--list", action="store_true", help="with undo: what was changed in bulk, newest first")
    command.add_argument("--dry-run", action="store_true", help="show what would change and do nothing")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="one JSON object a line")
    how.add_argument("--csv", action="store_true", help="with list: CSV, which `cartui import-csv` reads again")


def _items(command: Parser) -> None:
    describe(
        command,
        """\
The items of the system, whichever cart:
  list                    all, or those of --where; --csv to keep or edit them elsewhere
  show CODE               one with all its fields
  new CODE --set ...      make one
  edit CODE... --set ...  change fields; of several items, of --where, or of --all
  undo [NUMBER]           take back the last change of many or CSV file, or that of a number; --list lists them
Fields: code, name, barcode, cost, price, currency, tax_class, reorder_level, on_hand (a change is a stock count) and
parts ("2 MUG-RED; 1 BOX" makes a bundle).""",
        "cartui items edit --where 'code:MUG*' --set price+5% --dry-run",
    )
    _register(command, ITEM_ACTIONS, "CODE")


def _customers(command: Parser) -> None:
    describe(
        command,
        """\
The customers of the system, whichever cart:
  list                    all, or those of --where; --csv to keep or edit them elsewhere
  show CODE               one with all its fields
  new --set ...           make one
  edit CODE... --set ...  change fields; of several customers, of --where, or of --all
  undo [NUMBER]           take back the last change of many or CSV file, or that of a number; --list lists them
  duplicates              those that share an e-mail, a phone, a tax number, or name and postcode
  merge KEPT GONE         make two one: documents and links of GONE go to KEPT, what KEPT lacks is filled
  merges                  what was merged, with its number
  unmerge NUMBER          take two apart again
Guests are never merged with registered customers.""",
        "cartui customers merge C000012 C000040 --dry-run",
    )
    _register(command, CUSTOMER_ACTIONS, "CODE")


def _match(command: Parser) -> None:
    describe(
        command,
        "Propose links between the cart's items or customers and those of the system, each with its evidence and a "
        "score of 0 to 100, and accept them: all from a score on, or those of a CSV. What is accepted together is "
        "taken back together by `cartui undo`. Names alone score 85 at most.",
        "cartui match 'Main shop' items --accept 90 --dry-run",
    )
    cart_name(command)
    command.add_argument("kind", metavar="KIND", choices=KINDS[1:], help=", ".join(KINDS[1:]))
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--accept", metavar="SCORE", type=int, help="link all that are proposed with at least this score"
    )
    which.add_argument(
        "--from",
        metavar="FILE",
        dest="file",
        help="link by the column code of a CSV that --csv wrote; - is standard input",
    )
    command.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="one JSON object a line")
    how.add_argument("--csv", action="store_true", help="all rows as CSV: linked, proposed, blocked and the rest")


def _import_csv(command: Parser) -> None:
    describe(
        command,
        "Make and change items or customers, or book stock, from a CSV file: all rows or none. A code that is known is "
        "changed, a blank cell changes nothing. Delimiter and encoding are found out; a decimal comma is understood "
        "where it is told or leaves no doubt. --dry-run shows what each row would do.",
        "cartui import-csv items items.csv --map price=RRP --decimal comma --dry-run",
    )
    command.add_argument(
        "what", metavar="WHAT", choices=("items", "customers", "stock"), help="items, customers or stock"
    )
    command.add_argument("file", metavar="FILE", help="the CSV file; - is standard input")
    command.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=HEADING",
        dest="columns",
        help="the column of a field; without a heading: none (repeatable)",
    )
    command.add_argument("--decimal", choices=("point", "comma"), help="the decimal sign (default: found out)")
    command.add_argument("--delimiter", metavar="SIGN", default="", help="the delimiter (default: found out)")
    command.add_argument("--encoding", metavar="NAME", default="", help="the encoding (default: found out)")
    command.add_argument(
        "--as",
        dest="mode",
        choices=("count", "opening", "receipt"),
        default="count",
        help="stock: the numbers are what was counted (default), opening stock, or what came in",
    )
    command.add_argument("--dry-run", action="store_true", help="show what each row would do and do nothing")
    as_json(command)


def _check(command: Parser) -> None:
    describe(
        command,
        "Read the cart's items and customers and say what is wrong with them, before they are synchronised: codes that "
        "several share, missing SKUs, prices and e-mails, parents with stock, orphaned variants, stock below zero. "
        "Nothing is written. Exit code 4 where something was found.",
        "cartui check 'Main shop'",
    )
    cart_name(command)
    as_json(command)


COMMANDS: Commands = {
    "items": ("items:run_items", "list, make and change items of the system", _items),
    "customers": ("items:run_customers", "list, make, change and merge customers of the system", _customers),
    "match": ("matching:run_match", "propose links between the cart and the system, and accept them", _match),
    "check": ("cart_check:run_check", "say what is wrong with a cart's items and customers", _check),
    "import-csv": ("csv_files:run_import_csv", "items, customers or stock from a CSV file", _import_csv),
}
