"""The fields of an item and of a customer as a person types them: what may stand in each, and how texts become records.
One table for the forms, for bulk edits and for CSV files. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Final

from cartui.domain.bundles import BundlePart
from cartui.domain.documents import Customer, Item
from cartui.domain.ids import CustomerCode, ItemCode, ItemId
from cartui.domain.money import AmountError, format_amount, parse_amount, places_of
from cartui.domain.records import Address
from cartui.domain.rows import MAX_CODE, Editor, check_cell
from cartui.domain.safe_text import is_safe_text

MAX_TEXT: Final = 500
_EMAIL: Final = re.compile(r"[^\s@,;<>\"]{1,64}@[^\s@,;<>\".]+(\.[^\s@,;<>\".]+)*")
_PHONE: Final = re.compile(r"[+]?[0-9][0-9 ()/.\-]{3,30}( ?(x|ext\.?) ?[0-9]{1,6})?", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}", re.ASCII)
_PART: Final = re.compile(r"\s*(\S+)\s+(\S.*)")


class FieldKind(Enum):
    """What sort of text a field takes."""

    TEXT = "text"
    CODE = "code"
    AMOUNT = "amount"
    QUANTITY = "quantity"
    CURRENCY = "currency"
    BARCODE = "barcode"
    EMAIL = "email"
    EMAILS = "emails"
    PHONE = "phone"
    PHONES = "phones"
    COUNTRY = "country"
    FLAG = "flag"
    PARTS = "parts"

    @property
    def is_number(self) -> bool:
        """Amounts and quantities: they can be adjusted, and have a decimal sign."""
        return self in (FieldKind.AMOUNT, FieldKind.QUANTITY)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field. `aliases` are headings that CSV files use for it, in plain words; `group` puts it under a heading."""

    name: str
    title: str
    kind: FieldKind = FieldKind.TEXT
    help: str = ""
    aliases: tuple[str, ...] = ()
    required: bool = False


ITEM_FIELDS: Final = (
    FieldSpec(
        "code", "Item Code", FieldKind.CODE, "What the item is known by; unique.",
        ("sku", "item", "item no", "item number", "article number", "product code", "artikelnummer", "artikel nr",
         "reference", "référence"), required=True,
    ),
    FieldSpec(
        "name", "Name", FieldKind.TEXT, "As it stands on documents.",
        ("title", "item name", "product", "product name", "description", "bezeichnung", "artikelname", "nom"),
        required=True,
    ),
    FieldSpec(
        "barcode", "Barcode", FieldKind.BARCODE, "EAN, UPC or GTIN, or one of your own.",
        ("ean", "ean13", "gtin", "upc", "isbn", "code barres", "strichcode"),
    ),
    FieldSpec(
        "cost", "Cost", FieldKind.AMOUNT, "What one costs you; average cost once stock is received.",
        ("cost price", "purchase price", "unit cost", "einkaufspreis", "ek", "prix d achat"),
    ),
    FieldSpec(
        "price", "Price", FieldKind.AMOUNT, "What one is sold for, as the shops keep it.",
        ("sales price", "sale price", "unit price", "retail price", "verkaufspreis", "vk", "preis", "prix"),
    ),
    FieldSpec("currency", "Currency", FieldKind.CURRENCY, "Three letters, such as EUR.", ("währung", "devise")),
    FieldSpec(
        "tax_class", "Tax class", FieldKind.TEXT, "Your own word, such as standard or reduced.",
        ("tax", "vat class", "tax code", "steuerklasse"),
    ),
    FieldSpec(
        "reorder_level", "Reorder level", FieldKind.QUANTITY, "At or below it the item is to be ordered; blank: never.",
        ("reorder point", "minimum stock", "min stock", "meldebestand", "mindestbestand"),
    ),
)  # fmt: skip

ON_HAND: Final = FieldSpec(
    "on_hand", "On hand", FieldKind.QUANTITY, "A change is a count in the stock ledger. Blank: never stated, not zero.",
    ("stock", "quantity", "qty", "stock level", "stock quantity", "inventory", "bestand", "lagerbestand", "counted",
     "count", "menge", "quantité"),
)  # fmt: skip
PARTS: Final = FieldSpec(
    "parts", "Bundle of", FieldKind.PARTS, "Quantity and code of each part: 2 MUG-RED; 1 BOX. Blank: no bundle."
)

CUSTOMER_FIELDS: Final = (
    FieldSpec(
        "code", "Code", FieldKind.CODE, "What the customer is known by; unique.",
        ("customer", "customer no", "customer number", "customer code", "customer id", "kundennummer", "kunden nr"),
    ),
    FieldSpec("first_name", "First name", aliases=("firstname", "given name", "forename", "vorname", "prénom")),
    FieldSpec("last_name", "Last name", aliases=("lastname", "surname", "family name", "nachname", "name", "nom")),
    FieldSpec("company", "Company", aliases=("company name", "firma", "société", "organisation", "organization")),
    FieldSpec(
        "email", "E-mail", FieldKind.EMAIL, "Orders find the customer by it.", ("e mail", "mail", "email address")
    ),
    FieldSpec(
        "more_emails", "Further e-mails", FieldKind.EMAILS, "With ; between them; orders find the customer by all.",
        ("other emails", "further e mails", "further emails"),
    ),
    FieldSpec("phone", "Phone", FieldKind.PHONE, aliases=("telephone", "tel", "mobile", "telefon", "téléphone")),
    FieldSpec("more_phones", "Further phones", FieldKind.PHONES, "With ; between them.", ("other phones",)),
    FieldSpec(
        "tax_number", "Tax number", aliases=("vat", "vat number", "vat id", "tax id", "ust id", "ustid", "tva"),
    ),
)  # fmt: skip

ADDRESS_FIELDS: Final = (
    FieldSpec("address_name", "Address: name", aliases=("recipient",)),
    FieldSpec("address_company", "Address: company"),
    FieldSpec("street1", "Street", aliases=("address", "address 1", "street", "strasse", "straße", "adresse", "rue")),
    FieldSpec("street2", "Street, 2nd line", aliases=("address 2", "street 2", "adresszusatz")),
    FieldSpec("city", "City", aliases=("town", "ort", "stadt", "ville")),
    FieldSpec("region", "Region", aliases=("state", "province", "county", "bundesland")),
    FieldSpec("postcode", "Postcode", aliases=("zip", "zip code", "postal code", "plz", "code postal")),
    FieldSpec("country", "Country", FieldKind.COUNTRY, "Two letters, such as GB.", ("country code", "land", "pays")),
    FieldSpec("address_phone", "Address: phone", FieldKind.PHONE),
)  # fmt: skip
GUEST: Final = FieldSpec("guest", "Guest", FieldKind.FLAG, "yes: ordered without an account. Can't be changed later.")

_ADDRESS_OF: Final[Mapping[str, str]] = {
    "address_name": "name", "address_company": "company", "street1": "street1", "street2": "street2", "city": "city",
    "region": "region", "postcode": "postcode", "country": "country", "address_phone": "phone",
}  # fmt: skip


def check_text(spec: FieldSpec, text: str) -> str | None:
    """What is wrong with a finished text in such a field, as a sentence, or None. Blank is right unless the field is
    required."""
    if spec.required and not text.strip():
        return "It can't be empty."
    if not text:
        return None
    if len(text) > MAX_TEXT:
        return f"At most {MAX_TEXT} characters."
    if not is_safe_text(text):
        return "It holds characters that can't be seen, or that command a terminal: type it anew."
    return _CHECKS.get(spec.kind, _anything)(text.strip())


def check_typing(spec: FieldSpec, text: str) -> str | None:
    """The same while it is typed: the beginning of a good text is no problem yet."""
    if spec.kind.is_number:
        return check_cell(Editor.DECIMAL, text, final=False)
    if spec.kind is FieldKind.CODE:
        return check_cell(Editor.CODE, text, final=False)
    if spec.kind is FieldKind.CURRENCY and len(text) < 3:
        return None
    if spec.kind in (FieldKind.EMAIL, FieldKind.EMAILS, FieldKind.COUNTRY, FieldKind.PHONE, FieldKind.PHONES):
        return None if _is_beginning(spec.kind, text) else check_text(spec, text)
    return None if spec.kind is FieldKind.PARTS else check_text(replace(spec, required=False), text)


def _is_beginning(kind: FieldKind, text: str) -> bool:
    if kind in (FieldKind.EMAIL, FieldKind.EMAILS):
        return "@" not in text.rsplit(";", maxsplit=1)[-1] or text.rstrip().endswith(("@", ".", ";"))
    return len(text.strip()) < (2 if kind is FieldKind.COUNTRY else 5)


def _anything(_: str) -> str | None:
    return None


def _code(text: str) -> str | None:
    return check_cell(Editor.CODE, text, final=True)


def _amount(text: str) -> str | None:
    try:
        return "It can't be less than zero." if parse_amount(text) < 0 else None
    except AmountError:
        return "A number such as 12.50, with a point and at most six places."


def _currency(text: str) -> str | None:
    try:
        places_of(text.upper())
    except AmountError:
        return "Three letters of ISO 4217, such as EUR."
    return None


def _barcode(text: str) -> str | None:
    return f"At most {MAX_CODE} characters." if len(text) > MAX_CODE else None


def _email(text: str) -> str | None:
    return None if _EMAIL.fullmatch(text) and len(text) <= 254 else "An e-mail such as ann@example.com."


def _phone(text: str) -> str | None:
    return None if _PHONE.fullmatch(text) else "A telephone number such as +44 20 7946 0018."


def _country(text: str) -> str | None:
    return None if _COUNTRY.fullmatch(text) else "The two letters of ISO 3166, such as GB."


def _flag(text: str) -> str | None:
    return None if text.casefold() in _FLAGS else "yes or no."


def _each(check: Callable[[str], str | None]) -> Callable[[str], str | None]:
    def all_of(text: str) -> str | None:
        return next((problem for one in split_list(text) if (problem := check(one))), None)

    return all_of


def _parts(text: str) -> str | None:
    try:
        split_parts(text)
    except ValueError as error:
        return str(error)
    return None


_FLAGS: Final = {"yes": True, "no": False, "1": True, "0": False, "true": True, "false": False, "y": True, "n": False}
_CHECKS: Final[Mapping[FieldKind, Callable[[str], str | None]]] = {
    FieldKind.CODE: _code,
    FieldKind.AMOUNT: _amount,
    FieldKind.QUANTITY: _amount,
    FieldKind.CURRENCY: _currency,
    FieldKind.BARCODE: _barcode,
    FieldKind.EMAIL: _email,
    FieldKind.EMAILS: _each(_email),
    FieldKind.PHONE: _phone,
    FieldKind.PHONES: _each(_phone),
    FieldKind.COUNTRY: _country,
    FieldKind.FLAG: _flag,
    FieldKind.PARTS: _parts,
}


def split_list(text: str) -> tuple[str, ...]:
    """Several texts with ; between them."""
    return tuple(one for part in text.split(";") if (one := part.strip()))


def split_parts(text: str) -> tuple[tuple[Decimal, str], ...]:
    """ "2 MUG-RED; 1 BOX" as quantities and codes; ValueError says what is wrong."""
    made: list[tuple[Decimal, str]] = []
    for part in split_list(text):
        match = _PART.fullmatch(part)
        try:
            quantity = parse_amount(match[1]) if match else Decimal(0)
        except AmountError:
            quantity = Decimal(0)
        if match is None or quantity <= 0:
            raise ValueError(f"{part[:40]!r} is no quantity with a code: write 2 MUG-RED; 1 BOX.")
        made.append((quantity, match[2].strip()))
    return tuple(made)


def flag_of(text: str) -> bool:
    """yes or no; blank is no."""
    return _FLAGS.get(text.strip().casefold(), False)


def plain(amount: Decimal | None) -> str:
    """An exact number without trailing zeros; "" for None."""
    return "" if amount is None else f"{amount.normalize():f}"


# --- records as texts, texts as records -------------------------------------------------------------------------------


def item_texts(item: Item) -> dict[str, str]:
    """The fields of an item as a form shows them, what is on hand too."""
    money = {name: getattr(item, name) for name in ("cost", "price")}
    return {
        "code": item.code,
        "name": item.name,
        "barcode": item.barcode,
        **{name: "" if amount is None else format_amount(amount, item.currency) for name, amount in money.items()},
        "currency": item.currency,
        "tax_class": item.tax_class,
        "reorder_level": plain(item.reorder_level),
        "on_hand": plain(item.on_hand),
    }


def with_item_texts(item: Item, texts: Mapping[str, str]) -> Item:
    """The item with these fields (checked before); what is on hand is not among them: that is the ledger's."""
    told = {name: text.strip() for name, text in texts.items()}
    return replace(
        item,
        code=ItemCode(told.get("code", item.code)),
        name=told.get("name", item.name),
        barcode=told.get("barcode", item.barcode),
        cost=_number(told, "cost", item.cost),
        price=_number(told, "price", item.price),
        currency=told.get("currency", item.currency).upper(),
        tax_class=told.get("tax_class", item.tax_class),
        reorder_level=_number(told, "reorder_level", item.reorder_level),
    )


def _number(texts: Mapping[str, str], name: str, before: Decimal | None) -> Decimal | None:
    if name not in texts:
        return before
    if not texts[name]:
        return None
    amount = parse_amount(texts[name])
    return before if before is not None and before == amount else amount


def customer_texts(customer: Customer) -> dict[str, str]:
    """The fields of a customer as a form shows them, with the first address."""
    own = ("code", "first_name", "last_name", "company", "email", "phone", "tax_number")
    address = customer.addresses[0] if customer.addresses else Address()
    return {
        **{name: str(getattr(customer, name)) for name in own},
        "more_emails": "; ".join(customer.more_emails),
        "more_phones": "; ".join(customer.more_phones),
        **{name: getattr(address, at) for name, at in _ADDRESS_OF.items()},
    }


def with_customer_texts(customer: Customer, texts: Mapping[str, str]) -> Customer:
    """The customer with these fields (checked before); address fields are those of the first address."""
    told = {name: text.strip() for name, text in texts.items()}
    own = ("first_name", "last_name", "company", "email", "phone", "tax_number")
    first = customer.addresses[0] if customer.addresses else Address()
    values = {at: told.get(name, getattr(first, at)) for name, at in _ADDRESS_OF.items()}
    values["country"] = values["country"].upper()
    address = Address(**values)
    rest = customer.addresses[1:]
    return replace(
        customer,
        code=CustomerCode(told.get("code", customer.code)),
        **{name: told.get(name, getattr(customer, name)) for name in own},
        more_emails=split_list(told["more_emails"]) if "more_emails" in told else customer.more_emails,
        more_phones=split_list(told["more_phones"]) if "more_phones" in told else customer.more_phones,
        addresses=(address, *rest) if address != Address() else rest,
    )


def parts_text(parts: Sequence[BundlePart], codes: Mapping[ItemId, str]) -> str:
    """The parts of a bundle as `split_parts` reads them."""
    return "; ".join(f"{plain(part.quantity)} {codes.get(part.part_id, '?')}" for part in parts)


# --- two people at one record -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldClash:
    """One field that somebody else changed: as it was opened, as it is now, and as this person typed it."""

    title: str
    opened: str
    now: str
    mine: str

    @property
    def both(self) -> bool:
        """Both changed it, to different texts."""
        return self.mine not in (self.opened, self.now)


def clashes(
    specs: Sequence[FieldSpec], opened: Mapping[str, str], now: Mapping[str, str], mine: Mapping[str, str]
) -> tuple[FieldClash, ...]:
    """What somebody else changed since a record was opened, for the diff."""
    return tuple(
        FieldClash(spec.title, opened.get(spec.name, ""), now.get(spec.name, ""), mine.get(spec.name, ""))
        for spec in specs
        if opened.get(spec.name, "") != now.get(spec.name, "")
    )


def laid_over(opened: Mapping[str, str], now: Mapping[str, str], mine: Mapping[str, str]) -> dict[str, str]:
    """What this person changed, over the record as it is now: nothing of the other one's is lost but where both
    changed the same field."""
    return {name: text if text != opened.get(name, "") else now.get(name, text) for name, text in mine.items()}
