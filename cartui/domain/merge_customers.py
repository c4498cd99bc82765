"""Customers that are probably one and the same: found by what they share, merged into one, and taken apart again. Pure.

Guests are kept apart by rule: a guest is never proposed as, nor merged with, a registered customer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cartui.domain.documents import Customer
from cartui.domain.ids import CustomerId
from cartui.domain.plan import FieldChange
from cartui.domain.similar import plain_words

_DIGITS: Final = re.compile(r"\d+", re.ASCII)
_PHONE_TAIL: Final = 9  # "+44 20 7946 0018" and "020 7946 0018" are one telephone
_PHONE_LEAST: Final = 6
_TAX_LEAST: Final = 5
_FIELDS: Final = ("first_name", "last_name", "company", "email", "phone", "tax_number")


def email_key(email: str) -> str:
    """E-mails that are delivered to one box are equal: case and outer blanks don't count. "" for none."""
    return email.strip().casefold()


def phone_key(phone: str) -> str:
    """The last nine digits: country codes and blanks are written in many ways. "" for less than six digits."""
    digits = "".join(_DIGITS.findall(unicodedata.normalize("NFKC", phone)))
    return digits[-_PHONE_TAIL:] if len(digits) >= _PHONE_LEAST else ""


def tax_key(number: str) -> str:
    """Letters and digits only, in capitals. "" for fewer than five: "n/a" is no tax number."""
    kept = "".join(char for char in unicodedata.normalize("NFKC", number).upper() if char.isalnum())
    return kept if len(kept) >= _TAX_LEAST and any(char.isdigit() for char in kept) else ""


def keys_of(customer: Customer) -> dict[tuple[str, str], str]:
    """What a customer can be recognised by: (sort, key) -> the text as it stands there."""
    keys: dict[tuple[str, str], str] = {}
    for email in (customer.email, *customer.more_emails):
        keys["e-mail", email_key(email)] = email
    for phone in (customer.phone, *customer.more_phones, *(one.phone for one in customer.addresses)):
        keys["phone", phone_key(phone)] = phone
    keys["tax number", tax_key(customer.tax_number)] = customer.tax_number
    person = plain_words(f"{customer.first_name} {customer.last_name}") or plain_words(customer.company)
    for address in customer.addresses:
        postcode = plain_words(address.postcode).replace(" ", "")
        if person and postcode:
            keys["name and postcode", f"{person} {postcode}"] = f"{customer.name}, {address.postcode}"
    return {at: text for at, text in keys.items() if at[1]}


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Customers that share something, oldest first; `evidence` says what, such as ("e-mail", "ann@example.test")."""

    customers: tuple[Customer, ...]
    evidence: tuple[tuple[str, str], ...]

    @property
    def why(self) -> str:
        """The evidence in words."""
        return "; ".join(f"same {sort}: {text}" for sort, text in self.evidence)


def find_duplicates(customers: Iterable[Customer], *, most: int = 20) -> list[Duplicates]:
    """Groups of customers that hang together by e-mail, phone, tax number, or name and postcode; linear in their
    number. A key that more than `most` share proves nothing (the shop's own telephone) and is left out."""
    known = {one.customer_id: one for one in customers}
    shared: dict[tuple[bool, str, str], list[CustomerId]] = {}
    told: dict[tuple[bool, str, str], str] = {}
    for one in known.values():
        for (sort, key), text in keys_of(one).items():
            shared.setdefault((one.guest, sort, key), []).append(one.customer_id)
            told.setdefault((one.guest, sort, key), text)
    leaders: dict[CustomerId, CustomerId] = {}

    def leader(one: CustomerId) -> CustomerId:
        while (above := leaders.get(one, one)) != one:
            leaders[one] = leaders.get(above, above)
            one = above
        return one

    proofs = {at: ids for at, ids in shared.items() if 1 < len(ids) <= most}
    for ids in proofs.values():
        first = leader(ids[0])
        for other in ids[1:]:
            leaders[leader(other)] = first
    groups: dict[CustomerId, tuple[set[CustomerId], list[tuple[str, str]]]] = {}
    for (guest, sort, key), ids in proofs.items():
        members, evidence = groups.setdefault(leader(ids[0]), (set(), []))
        members.update(ids)
        evidence.append((sort, told[guest, sort, key]))
    found = [
        Duplicates(tuple(known[one] for one in sorted(members)), tuple(evidence))
        for members, evidence in groups.values()
    ]
    return sorted(found, key=lambda group: group.customers[0].customer_id)


def check_merge(kept: Customer, gone: Customer) -> str | None:
    """Why the two must not become one, as a sentence, or None."""
    if kept.customer_id == gone.customer_id:
        return "A customer can't be merged with itself."
    if kept.guest is not gone.guest:
        return "One of them is a guest: guests are kept apart from registered customers."
    return None


def merged(kept: Customer, gone: Customer) -> Customer:
    """`kept` with what it lacks: empty fields filled, other e-mails, phones and addresses beside its own. Nothing that
    stands there is replaced."""
    filled = {name: getattr(kept, name) or getattr(gone, name) for name in _FIELDS}
    emails = _others(filled["email"], (*kept.more_emails, gone.email, *gone.more_emails), email_key)
    phones = _others(filled["phone"], (*kept.more_phones, gone.phone, *gone.more_phones), contact_key)
    addresses = tuple(dict.fromkeys((*kept.addresses, *gone.addresses)))
    return replace(kept, **filled, more_emails=emails, more_phones=phones, addresses=addresses)


def contact_key(phone: str) -> str:
    """How a further phone is told from another: by its digits, else by what is written."""
    return phone_key(phone) or phone.strip().casefold()


def _others(first: str, more: Sequence[str], key: Callable[[str], str]) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for text in more:
        if (own := key(text)) and own != key(first):
            kept.setdefault(own, text.strip())
    return tuple(kept.values())


def taken_apart(now: Customer, before: Customer, after: Customer) -> Customer:
    """`now` without what a merge brought to it: each field that still says what the merge made of it (`after`) goes
    back to what it was (`before`); what a person changed since stays."""
    back = {name: getattr(before, name) for name in _FIELDS if getattr(now, name) == getattr(after, name)}
    added = set(after.addresses) - set(before.addresses)
    emails = set(map(email_key, after.more_emails)) - set(map(email_key, before.more_emails))
    phones = set(map(contact_key, after.more_phones)) - set(map(contact_key, before.more_phones))
    return replace(
        now,
        **back,
        addresses=tuple(one for one in now.addresses if one not in added),
        more_emails=tuple(one for one in now.more_emails if email_key(one) not in emails),
        more_phones=tuple(one for one in now.more_phones if contact_key(one) not in phones),
    )


def merge_changes(kept: Customer, gone: Customer) -> tuple[FieldChange, ...]:
    """What a merge would change at `kept`, for the preview."""
    after = merged(kept, gone)
    changes = [FieldChange(name, getattr(kept, name), getattr(after, name)) for name in _FIELDS]
    changes += [
        FieldChange("further e-mails", ", ".join(kept.more_emails), ", ".join(after.more_emails)),
        FieldChange("further phones", ", ".join(kept.more_phones), ", ".join(after.more_phones)),
        FieldChange("addresses", str(len(kept.addresses)), str(len(after.addresses))),
    ]
    return tuple(one for one in changes if one.before != one.after)
