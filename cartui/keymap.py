"""All keys, in one table: bindings, footer, help screen, command palette and `docs/keys.md` are made from it.

A *group* is a set of keys that belongs together ("tabs", "auto-sync"); a screen names the groups it uses, so a key can
never mean two things on one screen (`check_screen` proves it). Nothing here needs Alt or a function key: both get lost
over SSH and in tmux. A person may rebind any line in the configuration: id ("auto-sync.start") -> keys ("S,ctrl+s").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding
from textual.keys import _character_to_key

_LOST: Final = re.compile(r"f\d+|(.*\+)?(alt|meta)\+.*")
WIDGET_GROUP: Final = "table"
"""Its keys are bound by `widgets.record_table` itself; here they are listed for help, docs and rebinding."""
FILTER_GROUP: Final = "filter-line"
"""Those of the open filter line; `widgets.filter_bar` binds them."""


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the table. `action` is the screen's method `action_<action>`, with its argument in brackets if it has
    one; `keys` as Textual writes them, several with commas; `text` for the footer, `help` a sentence."""

    group: str
    action: str
    keys: str
    text: str
    help: str
    footer: bool = True

    @property
    def key_id(self) -> str:
        """What a person writes in the configuration: "explorer.new"."""
        return f"{self.group}.{re.sub(r'[^a-z0-9]+', '-', self.action).strip('-')}"


GROUPS: Final[Mapping[str, str]] = {
    "everywhere": "Everywhere",
    "back": "Everywhere but at home",
    "table": "Lists",
    "filter-line": "The filter line of a list",
    "explorer": "Shopping Carts",
    "tabs": "Shopping Cart: the tabs",
    "edit": "View and Edit",
    "auto-sync": "Auto-sync",
    "set-up": "Connection",
    "cart-list": "Lists of a cart",
    "unlink": "Orders, Items and Customers of both sides, and Held",
    "orders": "Orders",
    "orders-cart": "Orders (Cart)",
    "create": "Items (Cart) and Customers (Cart)",
    "export": "Items and Customers",
    "register": "Items and Customers of the system",
    "find-duplicates": "Customers",
    "match-open": "Items (Cart) and Customers (Cart): match",
    "match": "Match",
    "changes": "Preview of a CSV file or of one change of many",
    "csv": "CSV file",
    "our-record": "Record of the system",
    "duplicates": "Duplicates",
    "rules": "Import rules",
    "outbox": "Outbox",
    "held": "Held",
    "conflicts": "Conflicts",
    "activity": "Activity",
    "reading": "Pages to read",
    "record": "Record",
    "document": "Document",
    "drift": "Synchronise",
    "record-drift": "Synchronise an item or customer",
    "basket": "Basket",
    "overview": "Overview",
    "accounts": "Accounts",
    "plan": "Plan",
    "approvals": "Approve",
    "confirm": "Questions",
}
"""Groups in the order of the help screen, with their headings."""

KEYS: Final[tuple[Key, ...]] = (
    Key("everywhere", "help", "?", "Help", "All keys of this screen, and what it is for."),
    Key("everywhere", "command_palette", "colon,ctrl+p", "Actions", "Every action by its name.", footer=False),
    Key(
        "everywhere", "quit", "ctrl+q,ctrl+c", "Quit", "End cartui; a running cycle ends after its page.", footer=False
    ),
    Key(
        "everywhere",
        "suspend",
        "ctrl+z",
        "Suspend",
        "Put cartui into the background; `fg` brings it back.",
        footer=False,
    ),
    Key(
        "everywhere",
        "step_back",
        "escape",
        "Clear",
        "Step by step: stop work, leave a cell, clear filter and marks.",
        footer=False,
    ),
    Key("back", "back", "q", "Back", "Leave this screen."),
    # --- lists -------------------------------------------------------------------------------------------------------
    Key("table", "cursor_down", "j,down", "Down", "Next row.", footer=False),
    Key("table", "cursor_up", "k,up", "Up", "Previous row.", footer=False),
    Key("table", "cursor_left", "left", "Left", "Scroll to the columns on the left.", footer=False),
    Key("table", "cursor_right", "right", "Right", "Scroll to the columns on the right.", footer=False),
    Key("table", "page_down", "pagedown", "Page down", "One screen down.", footer=False),
    Key("table", "page_up", "pageup", "Page up", "One screen up.", footer=False),
    Key("table", "first", "g,home", "First", "First row.", footer=False),
    Key("table", "last", "G,end", "Last", "Last row.", footer=False),
    Key("table", "open", "enter", "Open", "Open the row."),
    Key("table", "mark", "space", "Mark", "Mark the row and step down."),
    Key("table", "mark_range", "v", "Range", "Mark from here to where v is pressed again.", footer=False),
    Key("table", "mark_all", "a", "All", "Mark all rows that match, however many."),
    Key("table", "mark_none", "A", "None", "Take all marks off.", footer=False),
    Key("table", "invert", "i", "Invert", "Mark what is not marked, and the other way round.", footer=False),
    Key("table", "mark_query", "asterisk", "Mark by query", "Mark the rows that match a query.", footer=False),
    Key("table", "filter", "slash", "Filter", "Show only rows that match: words, or status:open total>100 sku:AB*."),
    Key("table", "sort", "o", "Sort", "Sort by a column; again reverses.", footer=False),
    Key("table", "edit", "e", "Edit cell", "Edit the cell; from then on numbers typed go into cells, until esc."),
    Key("table", "next_cell", "tab", "Next cell", "The next cell to edit; numbers typed go into it.", footer=False),
    Key("table", "previous_cell", "shift+tab", "Previous cell", "The cell before that can be edited.", footer=False),
    Key("table", "copy", "y", "Copy", "Copy the row or cell.", footer=False),
    Key("table", "undo", "u", "Undo", "Take back the last edit of a cell.", footer=False),
    Key("filter-line", "keep", "enter,down", "To the list", "Keep the filter and go back to the list."),
    Key("filter-line", "leave", "escape", "Clear", "Empty the line; once more closes it."),
    # --- home --------------------------------------------------------------------------------------------------------
    Key("explorer", "new", "n", "New", "Connect another shop: choose its type."),
    Key("explorer", "start", "s", "Start", "Says what Start will do and asks, if the guard allows it."),
    Key("explorer", "stop", "S", "Stop", "Stop auto-sync of this cart after its page."),
    Key("explorer", "connection", "c", "Connect", "Address, password and test of this cart."),
    Key("explorer", "duplicate", "d", "Duplicate", "Copy it to a new cart, STOPPED and untested.", footer=False),
    Key("explorer", "delete", "x", "Delete", "Delete this cart; its documents stay. Its name is asked."),
    Key("explorer", "accounts", "b", "Accounts", "Trial balance, journal, sales, receivables, stock ledger."),
    Key("explorer", "overview", "O", "Overview", "Sales per day, counts and what waits for you, of all carts."),
    Key("explorer", "overview(cart)", "w", "Its overview", "The overview of the cart under the cursor.", footer=False),
    Key("explorer", "quit", "q", "Quit", "End cartui."),
    # --- the Shopping Cart document ----------------------------------------------------------------------------------
    *(Key("tabs", f"tab({n})", str(n % 10), f"Tab {n}", f"Go to tab {n}.", footer=False) for n in range(1, 11)),
    Key("tabs", "previous_tab", "left_square_bracket", "Previous tab", "Go to the tab on the left.", footer=False),
    Key("tabs", "next_tab", "right_square_bracket", "Next tab", "Go to the tab on the right.", footer=False),
    Key("edit", "edit", "e", "Edit", "Change the fields; until then they are read-only."),
    Key("edit", "next_field", "tab,enter", "Next field", "The next field; the arrow down too.", footer=False),
    Key("edit", "previous_field", "shift+tab", "Previous field", "The field before; the arrow up too.", footer=False),
    Key("edit", "save", "ctrl+s", "Save", "Check all fields and save them; every problem is named at once."),
    Key("auto-sync", "start", "s", "Start", "Says what Start will do and asks, in View and Edit, if the guard allows."),
    Key("auto-sync", "stop", "S", "Stop", "Stop auto-sync after the page under way."),
    Key("auto-sync", "test", "t", "Test", "Open the connection and test it, stage by stage."),
    Key("auto-sync", "connection", "c", "Connection", "Address, password and test of this cart."),
    Key("auto-sync", "explain", "b", "Steps", "The four steps to Start, and all that is missing, in full."),
    Key("auto-sync", "outbox", "o", "Outbox", "What waits to be sent to the cart, is unknown or was refused."),
    Key("auto-sync", "overview", "O", "Overview", "Sales per day, counts and what waits for you, of this cart."),
    Key("auto-sync", "rules", "i", "Import rules", "Which orders are imported, held or left alone; try it first."),
    Key("rules", "new_rule", "n", "New", "A new rule before the one under the cursor."),
    Key("rules", "edit_rule", "e", "Edit", "Change what the rule matches and what then happens."),
    Key("rules", "remove_rule", "x", "Take out", "Take the rule out."),
    Key("rules", "rule_up", "K", "Up", "Move the rule up: it is asked earlier."),
    Key("rules", "rule_down", "J", "Down", "Move the rule down."),
    Key("rules", "try_rules", "t", "Try", "Show what they would come to on last month's orders; stores nothing."),
    Key("rules", "save", "ctrl+s", "Save", "Save all rules; they count from the next cycle on."),
    Key("outbox", "retry", "R", "Retry", "Try the marked rows again at once."),
    Key("outbox", "list", "l", "Read anew", "Read the outbox anew."),
    Key("set-up", "test", "t,ctrl+t", "Test", "Test Connection, stage by stage."),
    Key("cart-list", "list", "l", "List all", "Read the list anew, from the cart on the tabs named (Cart)."),
    Key("cart-list", "undo_plan", "U", "Undo", "Take back what was last done by hand; plan first.", footer=False),
    Key(
        "unlink",
        "unlink_selected",
        "X",
        "Unlink",
        "Let go of the link of the marked; plan with what follows.",
        footer=False,
    ),
    Key("orders", "approve_selected", "P", "Approve", "Post the marked documents; shows first what will be posted."),
    Key("orders", "void_selected", "V", "Void", "Make the marked PENDING documents void; asks why."),
    Key("orders", "pick_list", "K", "Pick list", "What to take from the shelf for the marked ones.", footer=False),
    Key("orders-cart", "import_selected", "I", "Import selected", "Import the marked orders; shows the plan first."),
    Key("create", "create_selected", "c", "Create selected", "Create the marked records in the system; plan first."),
    Key("create", "link_selected", "L", "Link selected", "Tie the marked records to existing ones; plan first."),
    Key("export", "export_selected", "E", "Export selected", "Send the marked records to the cart; plan first."),
    Key("register", "new_record", "n", "New", "Make a new one by hand."),
    Key("register", "change_many", "c", "Change many", "Set or adjust one field of all marked; preview first."),
    Key("register", "read_csv", "C", "CSV", "Read a CSV file; what each row would do is shown first."),
    Key("register", "keep_csv", "w", "Save as CSV", "All of them as a CSV file, which C reads again.", footer=False),
    Key("find-duplicates", "duplicates", "D", "Duplicates", "Customers that share an e-mail, phone or tax number."),
    Key("match-open", "match", "m", "Match", "Proposals of what to link, with score and evidence."),
    Key("match", "link_marked", "L", "Link marked", "Link what is marked; the plan is shown first."),
    Key("match", "by_score", "t", "By score", "Mark all that are proposed with at least a score."),
    Key("match", "undo_plan", "U", "Undo", "Take back what was last done by hand; plan first.", footer=False),
    Key("match", "keep_csv", "w", "Save as CSV", "All rows as a CSV file; its codes can be changed.", footer=False),
    Key("match", "read_csv", "R", "Read CSV", "Link by the column code of a CSV file; plan first.", footer=False),
    Key("changes", "apply", "y", "Save", "Do all of it in one go."),
    Key("changes", "cancel", "n", "Cancel", "Leave; nothing is changed."),
    Key("changes", "filter", "slash", "Filter", "Show only rows that match: words, or action:update."),
    Key("changes", "errors_only", "h", "Errors only", "Show only the rows with an error; again shows all."),
    Key("csv", "columns", "m", "Columns", "Say which column is which field."),
    Key("csv", "decimal", "d", "Decimal sign", "Found out, point, or comma."),
    Key("our-record", "edit_record", "e", "Edit", "Change its fields."),
    Key("our-record", "synchronise", "r", "Synchronise", "Read it from the cart again, beside ours, field by field."),
    Key("our-record", "unmerge", "U", "Unmerge", "Take a customer out again that was merged into this one."),
    Key("duplicates", "merge", "M", "Merge", "Make the marked pairs one; asks first, and can be undone."),
    Key("duplicates", "turn", "x", "Turn round", "The other one of the pair stays."),
    Key("held", "retry", "R", "Retry", "Read the marked held records again from the cart."),
    Key("held", "conflicts", "C", "Conflicts", "Fields that both sides changed; say whose value counts."),
    Key("conflicts", "take_ours", "O", "Take ours", "Keep our value of the marked fields; it is sent; asks first."),
    Key(
        "conflicts", "take_cart", "C", "Take the cart's", "Ours becomes as the cart has it, for the marked; asks first."
    ),
    Key("conflicts", "list", "l", "Read anew", "Read both sides anew."),
    Key("record", "reread", "r", "Re-read", "Read it from the cart again; a linked item or customer beside ours."),
    Key("activity", "errors", "E", "Errors", "The last errors of this session."),
    Key("document", "edit_document", "e", "Edit", "Change lines, dates, addresses, notes of a PENDING document."),
    Key("document", "approve", "P", "Approve", "Post it; shows first what will be posted."),
    Key("document", "void", "V", "Void", "Make it void; asks why."),
    Key("document", "ship", "S", "Ship", "Book a shipment, whole or in part; the cart will be told."),
    Key("document", "convert", "I", "Invoice", "Make an invoice or cash sale of the order, whole or in part."),
    Key("document", "close_order", "X", "Close", "The remainder of the order will not be delivered; asks why."),
    Key("document", "credit", "C", "Credit", "Make a credit note, whole or in part."),
    Key("document", "paid", "M", "Payment", "Book a payment on the invoice."),
    Key("document", "raw", "w", "Raw", "The order as the cart sent it, and back."),
    Key("document", "synchronise", "r", "Synchronise", "Read this order from the cart again and show what moved."),
    Key("document", "why", "W", "Why", "How it came to be what it is: each step, rule, amounts, links, who did what."),
    Key("drift", "accept", "a", "Accept", "The PENDING document becomes as the order is in the cart."),
    Key("drift", "ignore", "i", "Ignore", "Leave the document; this change is not shown again, a later one is."),
    Key("drift", "import_again", "I", "Import again", "Void the document and import the order as it is now; asks."),
    Key("drift", "reread", "r", "Re-read", "Read the order from the cart once more."),
    Key("record-drift", "take", "t", "Take", "What the cart changed becomes ours; plan first."),
    Key("record-drift", "send", "s", "Send", "What we changed goes to the cart; plan first."),
    Key("record-drift", "conflicts", "C", "Conflicts", "Say whose value counts, field by field."),
    Key("record-drift", "raw", "w", "Raw", "The record as the cart sent it, and back."),
    Key("record-drift", "reread", "r", "Re-read", "Read it from the cart once more."),
    Key("basket", "convert", "C", "Make it an order", "Have the cart place the order of this basket; asks first."),
    Key("basket", "draft", "D", "Draft", "Make a PENDING document of it here; nothing is sent to the cart."),
    Key("basket", "step", "s", "Step", "Our step of it: open, contacted, abandoned, converted."),
    Key("basket", "note(note)", "n", "Note", "Keep a note."),
    Key("basket", "note(call)", "c", "Call", "Keep a call that was made."),
    Key("basket", "note(task)", "t", "Task", "Keep a task with the day it is due."),
    Key("basket", "task_done", "x", "Task done", "The oldest open task is done."),
    Key("basket", "reread", "r", "Re-read", "Read this basket from the cart again."),
    Key("reading", "move(down)", "j,down", "Down", "One line down.", footer=False),
    Key("reading", "move(up)", "k,up", "Up", "One line up.", footer=False),
    Key("reading", "move(page_down)", "pagedown,space", "Page down", "One page down."),
    Key("reading", "move(page_up)", "pageup", "Page up", "One page up.", footer=False),
    Key("reading", "move(home)", "g,home", "First", "To the top.", footer=False),
    Key("reading", "move(end)", "G,end", "Last", "To the end.", footer=False),
    # --- plans and questions -----------------------------------------------------------------------------------------
    Key("plan", "apply", "y", "Apply", "Do what the plan says."),
    Key("plan", "cancel", "n", "Cancel", "Leave; nothing is changed."),
    Key("plan", "keep_file", "w", "Save as file", "Keep the plan as a file, for `cartui apply FILE` later."),
    Key("plan", "undo_plan", "u", "Undo", "Take back what was just carried out; shows that plan first."),
    Key("plan", "filter", "slash", "Filter", "Show only rows that match: words, or action:update."),
    Key("plan", "held_only", "h", "Held only", "Show only what is held or was not done; again shows all."),
    Key("approvals", "apply", "y", "Approve", "Post all that are not refused."),
    Key("approvals", "cancel", "n", "Cancel", "Leave; nothing is posted."),
    Key("approvals", "filter", "slash", "Filter", "Show only rows that match."),
    Key(
        "overview",
        "next_cart",
        "right_square_bracket",
        "Next cart",
        "Of the next cart; after the last, of all.",
    ),
    Key("overview", "previous_cart", "left_square_bracket", "Cart before", "Of the cart before."),
    Key("overview", "list", "l", "Read anew", "Read it anew from the books.", footer=False),
    Key("accounts", "report(trial)", "1", "Balance", "The balance of each account."),
    Key("accounts", "report(journal)", "2", "Journal", "Every posting, newest first."),
    Key("accounts", "report(sales)", "3", "Sales", "What was sold by day, cart and tax rate, of the last 92 days."),
    Key("accounts", "report(owed)", "4", "Owed", "Invoices on which something is owed, oldest first."),
    Key("accounts", "report(stock)", "5", "Stock", "The stock ledger, newest first."),
    Key("accounts", "rename_account", "n", "Rename", "Give the account under the cursor another name."),
    Key("confirm", "yes", "y", "Yes", "Yes, do it.", footer=False),
    Key("confirm", "no", "n,escape", "No", "No, leave all as it is.", footer=False),
)


def bindings(*groups: str) -> list[Binding]:
    """Textual bindings of some groups, for `BINDINGS` of a screen. Each calls `action_run("<action>")`, which says why
    where the action can't run now."""
    return [
        Binding(
            key.keys,
            f"run({key.action!r})",
            key.text,
            show=key.footer,
            id=key.key_id,
            tooltip=key.help,
            priority=key.keys.startswith("ctrl+"),
        )
        for key in KEYS
        if key.group in groups and key.group not in (WIDGET_GROUP, FILTER_GROUP)
    ]


def keys_of(groups: Iterable[str]) -> list[Key]:
    """The lines of some groups, in the order of the table."""
    wanted = set(groups)
    return [key for key in KEYS if key.group in wanted]


def effective_keys(key: Key, rebound: Mapping[str, str]) -> str:
    """The keys of a line after a person's changes."""
    return rebound.get(key.key_id, key.keys)


def check_screen(groups: Sequence[str], rebound: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong with the keys of one screen: a sentence for each key with two meanings."""
    seen: dict[str, Key] = {}
    problems = []
    for key in keys_of(groups):
        for one in split_keys(effective_keys(key, rebound or {})):
            other = seen.setdefault(one, key)
            if other is not key:
                problems.append(f"{one} means both {other.key_id} and {key.key_id}.")
    return problems


def check_rebinding(rebound: Mapping[str, str]) -> list[str]:
    """What is wrong with a person's own keys, each a sentence; empty: take them."""
    known = {key.key_id for key in KEYS}
    problems = [f"There is no key line {name!r}." for name in rebound if name not in known]
    return problems + [
        f"{name}: {one!r} can't be used; Alt and function keys get lost over SSH."
        for name, keys in rebound.items()
        for one in split_keys(keys)
        if not one or _LOST.fullmatch(one)
    ]


_SHOWN: Final = {
    "question_mark": "?", "colon": ":", "slash": "/", "asterisk": "*", "left_square_bracket": "[",
    "right_square_bracket": "]", "escape": "esc", "pagedown": "PgDn", "pageup": "PgUp", "down": "↓", "up": "↑",
    "left": "←", "right": "→", "home": "Home", "end": "End",
}  # fmt: skip


def shown(keys: str) -> str:
    """Keys as a person reads them: "j,down" -> "j ↓", "ctrl+s" -> "^s"."""
    return " ".join(_SHOWN.get(one, one).replace("ctrl+", "^") for one in split_keys(keys))


def split_keys(keys: str) -> list[str]:
    """The single keys of a line, as Textual names them: "?" is "question_mark"."""
    return [_character_to_key(one) if len(one) == 1 else one for one in (part.strip() for part in keys.split(","))]


_KEYS_PAGE: Final = """# Keys

One grammar on every screen. `?` shows the keys of the screen you are on, `:` every action by its name. What can't run
just now stands in brackets in the footer; its key says why.

Rebind any of them in the configuration, by the name in the last column: `[keys]`, then `"auto-sync.start" = "ctrl+r"`.
Function keys and Alt are refused: they get lost over SSH and in tmux.
"""


def keys_page() -> str:
    """`docs/keys.md`, made from the table (a test compares)."""
    page = _KEYS_PAGE
    for group, heading in GROUPS.items():
        if keys := keys_of([group]):
            page += f"\n## {heading}\n\n| Key | | What it does | Name |\n|---|---|---|---|\n"
            page += "".join(map(_keys_line, keys))
    return page


def _keys_line(key: Key) -> str:
    pressed = " ".join(f"`{one}`" for one in shown(key.keys).split(" "))
    return f"| {pressed} | {key.text} | {key.help} | `{key.key_id}` |\n"
