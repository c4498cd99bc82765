"""Double entry as values: what a document, a payment or a movement of stock does to the accounts. Pure.

A posting is one transfer of a positive amount from one account (credit) to another (debit): nothing that is written
this way can be out of balance, in any currency (decision 007). Sales are booked as the shop charged them, tax is never
recomputed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from cartui.domain.documents import Document, DocumentLine
from cartui.domain.ids import ItemId
from cartui.domain.money import AmountError, places_of
from cartui.domain.records import LineKind, PaymentState
from cartui.domain.settings import DocumentKind

_ZERO = Decimal(0)
AccountKey = str


class AccountKind(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart. The key stays for ever, the name is the merchant's."""

    key: AccountKey
    name: str
    kind: AccountKind


UNDEPOSITED, RECEIVABLES, INVENTORY, COGS = "undeposited", "receivables", "inventory", "cogs"
SALES, REFUNDS, TAX, ROUNDING = "sales", "refunds", "tax", "rounding"
OPENING, GOODS_RECEIVED, STOCK_ADJUSTMENTS = "opening", "goods_received", "stock_adjustments"

_ACCOUNT_OF: Mapping[LineKind, AccountKey] = {
    LineKind.PRODUCT: SALES,
    LineKind.SHIPPING: "shipping",
    LineKind.DISCOUNT: "discounts",
    LineKind.COUPON: "discounts",
    LineKind.FEE: "fees",
    LineKind.TIP: "fees",
    LineKind.GIFT_CARD: "gift_cards",
    LineKind.STORE_CREDIT: "gift_cards",
    LineKind.ROUNDING: ROUNDING,
}


@dataclass(frozen=True, slots=True)
class AccountMap:
    """A cart's own accounts: `payments` by method code, `taxes` by rate as text ("20"; "" = no rate told)."""

    payments: Mapping[str, AccountKey] = field(default_factory=dict)
    taxes: Mapping[str, AccountKey] = field(default_factory=dict)

    def payment(self, method: str) -> AccountKey:
        return self.payments.get(method, UNDEPOSITED)

    def tax(self, rate: Decimal | None) -> AccountKey:
        """An account for each rate, made when it is first needed."""
        word = rate_word(rate)
        return self.taxes.get(word, f"{TAX}:{word}" if word else TAX)


def rate_word(rate: Decimal | None) -> str:
    """A tax rate as text: "20", "5.5"; "" where none was told."""
    return "" if rate is None else format(rate.normalize(), "f")


@dataclass(frozen=True, slots=True)
class Transfer:
    """`amount` > 0 goes to `debit` from `credit`. `tax_rate`: of the goods or the tax, for the report by rate."""

    debit: AccountKey
    credit: AccountKey
    currency: str
    amount: Decimal
    text: str
    tax_rate: Decimal | None = None


class StockKind(StrEnum):
    """Why stock moved."""

    OPENING = "opening"
    RECEIPT = "receipt"
    SALE = "sale"
    RETURN = "return"
    COUNT = "count"
    ADJUST = "adjust"


@dataclass(frozen=True, slots=True)
class StockMove:
    """A line of the stock ledger to be written: `quantity` signed; `unit_cost` in `currency`, None = not known.
    `position`: the document line it is for."""

    item_id: ItemId
    kind: StockKind
    quantity: Decimal
    reason: str
    unit_cost: Decimal | None = None
    currency: str = ""
    position: int | None = None


def post_document(document: Document, accounts: AccountMap, owed: Decimal = _ZERO) -> tuple[Transfer, ...]:
    """What approving a cash sale, an invoice or a credit note posts. A sales order posts nothing.

    owed  credit notes: what is still open on the invoice; that much is taken off it, the rest is to be paid back

    The lines go against one control account: receivables of an invoice, the account of the first payment of a cash
    sale. Payments that the shop says it took then go from the control account to their own.
    """
    draft = document.draft
    if draft.kind is DocumentKind.SALES_ORDER:
        return ()
    credit_note = draft.kind is DocumentKind.CREDIT_NOTE
    control = _control(document, accounts, owed)
    made = _lines(draft.lines, control, draft.currency, accounts, credit_note=credit_note)
    if credit_note and control == RECEIVABLES and draft.total > owed:
        made += _transfer(RECEIVABLES, REFUNDS, draft.total - owed, draft.currency, "to be paid back")
    made += _payments(document, accounts, control)
    return merged(made)


def _control(document: Document, accounts: AccountMap, owed: Decimal) -> AccountKey:
    draft = document.draft
    if draft.kind is DocumentKind.CREDIT_NOTE:
        return RECEIVABLES if owed > 0 else REFUNDS
    if draft.kind is DocumentKind.CASH_SALE:
        return accounts.payment(draft.payments[0].method) if draft.payments else UNDEPOSITED
    return RECEIVABLES


def _lines(
    lines: Sequence[DocumentLine], control: AccountKey, currency: str, accounts: AccountMap, *, credit_note: bool
) -> list[Transfer]:
    made: list[Transfer] = []
    for line in lines:
        account = accounts.tax(line.tax_rate) if line.kind is LineKind.TAX else _ACCOUNT_OF[line.kind]
        amount = -line.amount if credit_note else line.amount
        made += _transfer(control, account, amount, currency, line.kind.value, line.tax_rate)
    return made


def _payments(document: Document, accounts: AccountMap, control: AccountKey) -> list[Transfer]:
    """Only money that the shop says it has (or gave back): an authorised payment is a promise."""
    draft = document.draft
    source = REFUNDS if draft.kind is DocumentKind.CREDIT_NOTE else control
    made: list[Transfer] = []
    for payment in draft.payments:
        if payment.state is PaymentState.PAID:
            account = accounts.payment(payment.method)
            made += _transfer(account, source, payment.amount, draft.currency, f"paid by {payment.method}")
    return made


def open_amount(document: Document) -> Decimal:
    """What the customer owes when this invoice is approved: its total less what the shop took already."""
    if document.draft.kind is not DocumentKind.SALES_INVOICE:
        return _ZERO
    paid = [one.amount for one in document.draft.payments if one.state is PaymentState.PAID]
    return document.draft.total - sum(paid, _ZERO)


def post_payment(amount: Decimal, currency: str, account: AccountKey, text: str) -> tuple[Transfer, ...]:
    """A customer pays an invoice (negative: gets money back)."""
    return tuple(_transfer(account, RECEIVABLES, amount, currency, text))


_COUNTER: Mapping[StockKind, AccountKey] = {
    StockKind.OPENING: OPENING,
    StockKind.RECEIPT: GOODS_RECEIVED,
    StockKind.SALE: COGS,
    StockKind.RETURN: COGS,
    StockKind.COUNT: STOCK_ADJUSTMENTS,
    StockKind.ADJUST: STOCK_ADJUSTMENTS,
}


def post_stock(move: StockMove) -> tuple[Transfer, ...]:
    """What a movement of stock does to the inventory account: nothing where cost or currency are not known."""
    if move.unit_cost is None or not move.currency:
        return ()
    value = _places(move.quantity * move.unit_cost, move.currency)
    return tuple(_transfer(INVENTORY, _COUNTER[move.kind], value, move.currency, move.kind.value))


def average_cost(on_hand: Decimal | None, cost: Decimal | None, quantity: Decimal, unit_cost: Decimal) -> Decimal:
    """The moving average after a receipt; what was there without a cost, or less than nothing, has no weight."""
    if cost is None or on_hand is None or on_hand <= 0:
        return unit_cost
    exact = (on_hand * cost + quantity * unit_cost) / (on_hand + quantity)
    return exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def merged(transfers: Iterable[Transfer]) -> tuple[Transfer, ...]:
    """Transfers between the same two accounts (and of one rate) as one, opposite ones netted."""
    sums: dict[tuple[AccountKey, AccountKey, str, str, Decimal | None], Decimal] = {}
    for one in transfers:
        back = (one.credit, one.debit, one.currency, one.text, one.tax_rate)
        if back in sums:
            sums[back] -= one.amount
        else:
            there = (one.debit, one.credit, one.currency, one.text, one.tax_rate)
            sums[there] = sums.get(there, _ZERO) + one.amount
    made: list[Transfer] = []
    for (debit, credit, currency, text, rate), amount in sums.items():
        made += _transfer(debit, credit, amount, currency, text, rate)
    return tuple(made)


def _transfer(
    debit: AccountKey, credit: AccountKey, amount: Decimal, currency: str, text: str, rate: Decimal | None = None
) -> list[Transfer]:
    if not amount or debit == credit:
        return []
    if amount < 0:
        return [Transfer(credit, debit, currency, -amount, text, rate)]
    return [Transfer(debit, credit, currency, amount, text, rate)]


def _places(amount: Decimal, currency: str) -> Decimal:
    try:
        places = places_of(currency)
    except AmountError:
        places = 2
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
