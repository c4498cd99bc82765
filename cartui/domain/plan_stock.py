"""Which number of an item is sent to a cart as its stock, as rows of arithmetic that a person can follow. Pure (N11).

What we want is always the same: the shop must offer what may still be sold,

    free = on hand - allocated - PENDING documents - waiting orders - buffer

*On hand* and *allocated* are the books'. PENDING documents are orders that are in the books but have not touched stock
yet. *Waiting orders* are those that a cart has and we do not: staged (not paid yet) or held. They are sold, or nearly,
and count for every cart, what left in a first parcel, too: on hand still has it. An order is a waiting one or a
document, never both, so nothing is subtracted twice.

What differs is whom the cart has subtracted already when it takes our number:

* FREE (most carts): it takes the number as what may be sold, and takes an order's pieces off when it is placed. Every
  order that it took off before our write must be in our arithmetic, or the write puts the pieces back on sale
  (RELIABILITY 11). So the exporter reads the cart's number *first*, then imports the orders, then computes, and writes
  with what it read as `expected`. An order placed before the reading is in the import; one placed after it changed the
  cart's number, so that the write is refused (CONFLICT) and everything is done again.
* ON_HAND (Vendure, Magento with inventories): it subtracts its own unshipped orders itself. Those of them that are in
  our arithmetic would count twice, so they are added back: *open in this cart*, which is the same set of orders: those
  of this cart that we know of, not yet shipped there. An order that comes in between is in neither, and the cart
  subtracts it by itself.

An order older than *Last Order from* is in neither sum: a FREE cart offers its pieces again unless they are booked out
here; an ON_HAND cart goes on subtracting them.

Stock never stated (None) sends nothing: blank is not zero (rule 11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from cartui.domain.bundles import BundlePart, orderable
from cartui.domain.documents import Item
from cartui.domain.ids import ItemId
from cartui.domain.ports import StockMeaning
from cartui.domain.settings import CartSettings, StockNumber, StockRange

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class ItemRule:
    """What a person said of one item in one cart. None: as the cart's settings say. `listed`: in the cart's list of
    items (used where its range is LISTED)."""

    buffer: Decimal | None = None
    backorder: bool | None = None
    never_send: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What was last sent to the cart and last seen there; None: never."""

    sent: Decimal | None = None
    sent_at: datetime | None = None
    seen: Decimal | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """Pieces of an item on one order of a cart: `quantity` for its buyer; `gone` of these have left, so that the cart
    keeps them no more."""

    quantity: Decimal
    gone: Decimal = ZERO

    @property
    def kept(self) -> Decimal:
        return self.quantity - self.gone


@dataclass(frozen=True, slots=True)
class Sold:
    """Pieces of an item that are promised. `pending`: on PENDING documents; `waiting`: on orders that are not
    documents (staged, held), both of all carts; `open_here`: on orders of this cart that are unshipped there and are
    counted here as pending, waiting or allocated (or left the shelf with no word to the cart yet)."""

    pending: Decimal = ZERO
    waiting: Decimal = ZERO
    open_here: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Term:
    """One row of the arithmetic; `amount` is signed."""

    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The rows add up to `send`. `send` None: nothing is sent, for `reason` with `remedy`."""

    terms: tuple[Term, ...]
    send: Decimal | None
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class StockGround:
    """All that is known about one item in one cart. `parts` with `part_free` (free pieces by part, None: never
    stated) for a bundle, which has no stock of its own."""

    item: Item
    sold: Sold = Sold()
    rule: ItemRule = ItemRule()
    parts: Sequence[BundlePart] = ()
    part_free: Mapping[ItemId, Decimal | None] = field(default_factory=dict)


def stock_to_send(ground: StockGround, settings: CartSettings, meaning: StockMeaning) -> Arithmetic:
    """The number for a cart, with its rows; see the module's words for why."""
    if why := _left_out(ground, settings):
        return Arithmetic((), None, *why)
    terms = _on_shelf(ground)
    if terms is None:
        what = "Stock of it was never stated" if not ground.parts else "Stock of one of its parts was never stated"
        return Arithmetic((), None, f"{what}: nothing is sent.", "Enter its stock; 0 is a number, blank is none.")
    if settings.stock_number is StockNumber.ORDERABLE:
        terms += _promised(ground)
    buffer = settings.stock_buffer if ground.rule.buffer is None else ground.rule.buffer
    terms.append(Term("buffer", -buffer))
    free = sum((term.amount for term in terms), ZERO)
    backorder = settings.stock_backorder if ground.rule.backorder is None else ground.rule.backorder
    if free < 0 and not backorder:
        terms.append(Term("not below zero", -free))
        free = ZERO
    if meaning is StockMeaning.ON_HAND and settings.stock_number is StockNumber.ORDERABLE:
        terms.append(Term("open in this cart", ground.sold.open_here))
        free += ground.sold.open_here
    return Arithmetic(tuple(term for term in terms if term.amount or term.label == "on hand"), free)


def _on_shelf(ground: StockGround) -> list[Term] | None:
    if ground.parts:
        made = orderable(ground.parts, ground.part_free)
        return None if made is None else [Term("bundles that the parts make", made)]
    return None if ground.item.on_hand is None else [Term("on hand", ground.item.on_hand)]


def _promised(ground: StockGround) -> list[Term]:
    return [
        Term("allocated", -ground.item.allocated),
        Term("on PENDING documents", -ground.sold.pending),
        Term("on orders that wait", -ground.sold.waiting),
    ]


def free_of(item: Item, sold: Sold) -> Decimal | None:
    """What may still be sold of an item, anywhere; None where its stock was never stated."""
    return None if item.on_hand is None else item.on_hand - item.allocated - sold.pending - sold.waiting


def _left_out(ground: StockGround, settings: CartSettings) -> tuple[str, str] | None:
    """Why nothing of this item is ever sent to the cart, with the remedy."""
    item = ground.item
    if item.is_default:
        return "The default item only stands in for missing ones.", ""
    if ground.rule.never_send:
        return "Never sent to this cart.", "Take “never send” away from it to send it again."
    if settings.stock_range is StockRange.LISTED and not ground.rule.listed:
        return "Not in this cart's list of items.", "Put it on the list to send it."
    if settings.stock_range is StockRange.QUERY and not in_query(settings.stock_query, item):
        return f"Not among this cart's items ({settings.stock_query}).", "Change the cart's stock_query to send it."
    return None


def in_query(query: str, item: Item) -> bool:
    """Whether an item is meant: every word begins its code or stands in its name, whatever the case; "code:AB" and
    "name:mug" look at one of them only. No words mean no item."""
    words = query.casefold().split()
    return bool(words) and all(_matches(word, item.code.casefold(), item.name.casefold()) for word in words)


def _matches(word: str, code: str, name: str) -> bool:
    where, _, rest = word.partition(":")
    if where == "code":
        return code.startswith(rest)
    return rest in name if where == "name" else code.startswith(word) or word in name
