"""Remedies that are told in many places, each with its key for the screen and its command for the command line. Pure.

CART stands for the cart's name where it is not known: a held record keeps its remedy, and may be read in any terminal.
"""

from __future__ import annotations

from typing import Final

from cartui.errors import Remedy

CART: Final = "CART"
NO_NAME: Final = ""


def _cart(name: str) -> str:
    return repr(name) if name else CART


def retry_held(before: str) -> Remedy:
    """`before` says what is to be mended first, without its full stop."""
    return Remedy(f"{before}, then retry it from Held (tab 9, R).", f"{before}, then run `cartui held {CART} retry`.")


def ask_for_test(before: str = "", after: str = "") -> Remedy:
    """Test the connection; `before` and `after` are sentences."""
    key, command = "Test the connection (t on Auto-sync)", f"Run `cartui test {CART}`"
    return Remedy(f"{before} {key}{after}".strip(), f"{before} {command}{after}".strip())


def set_to(key: str, setting: str, name: str = NO_NAME) -> Remedy:
    """Change a setting: `key` says where on the screen, `setting` is what `cartui set` takes."""
    return Remedy(key, f"Run `cartui set {_cart(name)} {setting}`.")


def stop_first(name: str, why: str) -> Remedy:
    """Stop the cart before something is done."""
    return Remedy(f"Stop it (S on Auto-sync) before you {why}.", f"Run `cartui stop {name!r}` before you {why}.")


def list_again(kind: str, name: str = NO_NAME) -> Remedy:
    """Records are to be listed anew. `kind`: as `cartui list` calls it."""
    return Remedy("List them again (l).", f"Run `cartui list {_cart(name)} {kind}` again.")


def link_by_hand(kind: str) -> Remedy:
    """An item or customer of the cart is to be tied to one of ours, by its code."""
    tab = "Items (Cart), tab 6" if kind == "item" else "Customers (Cart), tab 7"
    return Remedy(
        f"Link the right one by hand: type the code of yours on {tab}.",
        f"Link the right one by hand: `cartui link {CART} {kind}s ID --set ID.code=CODE`.",
    )


def confirm(name: str) -> Remedy:
    """A brake, or anything else that wants the cart's name typed."""
    return Remedy(
        f"Look at it row by row. If it is meant, confirm it with the cart's name: {name}",
        f"Look at it row by row. If it is meant, run it again with --confirm {name!r}.",
    )


ANOTHER_SHOP: Final = ask_for_test("Nothing was changed here.", ": it may lead to another shop now.")
CONFLICTS: Final = Remedy(
    "Say whose value counts under Conflicts (C on Held).", f"Say whose value counts: `cartui conflicts {CART}`."
)
OUTBOX_RETRY: Final = Remedy("then retry it (o on Auto-sync, R).", f"then run `cartui outbox {CART} retry`.")
