"""The fields of To Cart on the Auto-sync tab: what leaves for the shop by itself, and with whose word (S050-S053,
S120-S128). All switches are off at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from cartui.domain.ids import RecordKind
from cartui.domain.money import AmountError, parse_amount
from cartui.domain.outbox import OutboxKind
from cartui.domain.ports import Capability
from cartui.domain.settings import OWNED_FIELDS, CartSettings, FieldOwner, StockNumber, StockRange, owner_key
from cartui.screens.glyphs import GLYPHS
from cartui.sync.carts import CartView, cant_send
from cartui.widgets.fields import ChoiceField, Field, SwitchField, TextField

SWITCHES = {
    OutboxKind.CUSTOMER: "to_cart_customers",
    OutboxKind.STOCK: "to_cart_stock",
    OutboxKind.ITEM: "to_cart_items",
    OutboxKind.SHIPMENT: "to_cart_tracking",
}
_STOCK_FIELDS = ("stock_number", "stock_buffer", "stock_backorder", "stock_range", "stock_query")
_TRACKING_FIELDS = ("carriers", "default_carrier", "shipped_status", "notify_shopper")
_FIELD_WORDS = {"first_name": "first name", "last_name": "last name", "tax_number": "tax number", "email": "e-mail"}
_OWNERS = [("", "not set"), *((owner.value, owner.value) for owner in FieldOwner)]
_PLACE = GLYPHS.left + GLYPHS.right


def owner_field(kind: RecordKind, name: str) -> str:
    """The id of the field that names the owner of a field."""
    return f"owner-{kind.value}-{name}"


def check_buffer(text: str) -> str | None:
    """Pieces kept back: none or more."""
    try:
        return None if not text.strip() or parse_amount(text.strip()) >= 0 else "It can't be less than zero."
    except AmountError:
        return "A number of pieces, such as 2."


def check_carriers(text: str) -> str | None:
    """OURS=CODE, OURS=CODE."""
    try:
        parse_carriers(text)
    except ValueError as error:
        return str(error)
    return None


def parse_carriers(text: str) -> dict[str, str]:
    """Our carrier -> the cart's code; ValueError where a pair is none."""
    pairs: dict[str, str] = {}
    for part in (one.strip() for one in text.split(",")):
        ours, equals, code = (word.strip() for word in part.partition("="))
        if part and not (equals and ours and code):
            raise ValueError("Ours = the shop's code, with commas between: DHL=dhl_de, UPS=ups.")
        if part:
            pairs[ours] = code
    return pairs


def to_cart_fields() -> Iterator[Field]:
    """The fields, in their order on the screen."""
    yield SwitchField("to_cart_customers", "Enable Customer updates", "A customer changed here is changed in the cart.")
    yield SwitchField(
        "to_cart_stock", "Enable real-time stock updates", "Sync Inventory: what can be ordered goes to the cart."
    )
    yield SwitchField("to_cart_items", "Enable Item updates", "An item changed here is changed in the cart.")
    yield SwitchField(
        "to_cart_tracking", "Enable tracking data", "Sync Tracking Data: shipments and tracking numbers go to the cart."
    )
    yield SwitchField(
        "send_from_test", "Send from a test cart", "A cart marked test is sent stock and tracking only if this is on."
    )
    yield from _owner_fields()
    yield from _stock_fields()
    yield from _tracking_fields()


def _owner_fields() -> Iterator[Field]:
    told = "Both directions are on: whose word counts. newest: who changed it last; ask: changed on both sides waits."
    for kind, names in OWNED_FIELDS.items():
        for name in names:
            title = f"Owner of {kind.value} {_FIELD_WORDS.get(name, name)}"
            yield ChoiceField(owner_field(kind, name), title, _OWNERS, told, marks=_PLACE)


def _stock_fields() -> Iterator[Field]:
    numbers = [(StockNumber.ORDERABLE.value, "orderable"), (StockNumber.ON_HAND.value, "on hand")]
    yield ChoiceField(
        "stock_number", "Stock number sent", numbers,
        "orderable: on hand less allocated, PENDING and waiting orders.", marks=_PLACE,
    )  # fmt: skip
    yield TextField(
        "stock_buffer", "Buffer", "Pieces of each item kept back from this cart; an item can have its own.",
        check=check_buffer, letters=False, width=10,
    )  # fmt: skip
    yield SwitchField(
        "stock_backorder", "Numbers below zero", "Sent as they are. Whether the shop sells at zero is set in the shop."
    )
    ranges = [
        (StockRange.ALL.value, "all linked items"),
        (StockRange.LISTED.value, "those on its list"),
        (StockRange.QUERY.value, "those that match"),
    ]
    yield ChoiceField(
        "stock_range", "Items this cart sells", ranges, "Stock of other items is never sent to it.", marks=_PLACE
    )
    yield TextField(
        "stock_query", "Items that match", "Beginnings of codes or words of names: MUG red, or code:MUG name:red."
    )


def _tracking_fields() -> Iterator[Field]:
    yield TextField(
        "carriers", "Carriers", "Ours = the shop's code, with commas between: DHL=dhl_de, UPS=ups.",
        check=check_carriers,
    )  # fmt: skip
    yield TextField("default_carrier", "Default carrier", "The shop's code for every other carrier; blank: as it is.")
    yield TextField(
        "shipped_status", "Order status when all is sent", "The shop's own code; blank leaves it to the shop."
    )
    yield SwitchField("notify_shopper", "Shop mails the shopper", "The shop writes to the shopper of each shipment.")


def to_cart_values(settings: CartSettings) -> dict[str, str]:
    """What the fields show, switches left out (they go by their name)."""
    owners = {
        owner_field(kind, name): str(settings.field_owners.get(owner_key(kind, name), ""))
        for kind, names in OWNED_FIELDS.items()
        for name in names
    }
    return {
        **owners,
        "stock_number": settings.stock_number.value,
        "stock_buffer": f"{settings.stock_buffer.normalize():f}",
        "stock_range": settings.stock_range.value,
        "stock_query": settings.stock_query,
        "carriers": ", ".join(f"{ours}={code}" for ours, code in settings.carriers.items()),
        "default_carrier": settings.default_carrier,
        "shipped_status": settings.shipped_status,
    }


def typed_to_cart(settings: CartSettings, values: Mapping[str, str]) -> CartSettings:
    """The settings with what stands in the fields, each of which was checked."""
    owners = {
        owner_key(kind, name): FieldOwner(chosen)
        for kind, names in OWNED_FIELDS.items()
        for name in names
        if (chosen := values[owner_field(kind, name)])
    }
    return replace(
        settings,
        **{name: values[name] == "yes" for name in (*SWITCHES.values(), "send_from_test")},  # type: ignore[arg-type]
        field_owners=owners,
        stock_number=StockNumber(values["stock_number"]),
        stock_buffer=parse_amount(values["stock_buffer"].strip() or "0"),
        stock_backorder=values["stock_backorder"] == "yes",
        stock_range=StockRange(values["stock_range"]),
        stock_query=" ".join(values["stock_query"].split()),
        carriers=parse_carriers(values["carriers"]),
        default_carrier=values["default_carrier"].strip(),
        shipped_status=values["shipped_status"].strip(),
        notify_shopper=values["notify_shopper"] == "yes",
    )


def show_what_matters(values: Mapping[str, str], field: Callable[[str], Field]) -> None:
    """Only fields that something hangs on: owners where both directions are on, the rest with its switch."""
    shown: dict[str, bool] = {}
    for kind, names in OWNED_FIELDS.items():
        both = values[f"from_cart_{kind.value}s"] == values[f"to_cart_{kind.value}s"] == "yes"
        shown |= {owner_field(kind, name): both for name in names}
    stock, tracking = values["to_cart_stock"] == "yes", values["to_cart_tracking"] == "yes"
    shown |= dict.fromkeys(_STOCK_FIELDS, stock) | dict.fromkeys(_TRACKING_FIELDS, tracking)
    shown["stock_query"] = stock and values["stock_range"] == StockRange.QUERY.value
    for name, display in shown.items():
        one = field(name)
        if one.display is not display:
            one.display = display


def grey_the_impossible(view: CartView, field: Callable[[str], Field]) -> None:
    """A switch that this kind of cart has no way for says why."""
    abilities: frozenset[Capability] = view.capabilities
    for kind, name in SWITCHES.items():
        one, why = field(name), cant_send(kind, abilities)
        if one.greyed != why:
            one.grey(why)
            one.help_text = why or one.help_text


def outbox_words(view: CartView) -> str:
    """ "12 waiting, 1 unknown, 2 refused"; "nothing waits" where it is so. Of what is switched off nothing is told."""
    sends = view.document.settings.sends
    counts = [counts for kind, counts in view.outbox.items() if kind in sends]
    told = [
        (sum(one.waiting + one.sending for one in counts), "waiting"),
        (sum(one.unknown for one in counts), "unknown"),
        (sum(one.refused for one in counts), "refused"),
    ]
    return ", ".join(f"{count:,} {word}" for count, word in told if count) or "nothing waits"
