"""The Shopping Cart documents: list, create, change, test, start and stop."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

from cartui.domain.fingerprint import fingerprint_connection
from cartui.domain.guard import GuardFacts, GuardProblem, blocking, check_sending, check_start
from cartui.domain.ids import RecordKind
from cartui.domain.import_rules import check_rules
from cartui.domain.outbox import OutboxCounts, OutboxKind
from cartui.domain.outcomes import CycleReport
from cartui.domain.ports import Capability, StageResult, Verdict
from cartui.domain.reconcile import ReconcileStatus
from cartui.domain.settings import IMPORT_KINDS, CartConnection, CartDocument, CartSettings, SyncStatus
from cartui.errors import NeedsOperatorError, joined
from cartui.sync.cart_dates import CartDates, dates_of, ensure_dates_stand, ensure_stopped, move_cursors
from cartui.sync.leases import leased
from cartui.sync.workspace import Workspace

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True, slots=True)
class CartView:
    """One cart as a person sees it: the document and what the books know about it.

    last_order_from / last_update_time: the fields of that name: where the cursors stand, else the first value set.
    problems: what the guard misses. lease_holder: who synchronises it just now, "" for nobody.
    outbox: what waits to be sent, by kind. reconciled: when it was last compared as a whole, and what was found.
    """

    document: CartDocument
    title: str
    capabilities: frozenset[Capability]
    last_order_from: datetime | None
    last_update_time: datetime | None
    problems: tuple[GuardProblem, ...]
    held: int
    last_cycle: CycleReport | None
    lease_holder: str
    outbox: Mapping[OutboxKind, OutboxCounts] = field(default_factory=dict)
    reconciled: ReconcileStatus = field(default_factory=ReconcileStatus)


def list_carts(ws: Workspace) -> list[CartView]:
    """All carts by name."""
    return [_view(ws, document) for document in ws.books.carts.list_all()]


def view_cart(ws: Workspace, name: str) -> CartView:
    """One cart; `NeedsOperatorError` where there is none of that name."""
    return _view(ws, ws.books.carts.get(name))


def _view(ws: Workspace, document: CartDocument) -> CartView:
    cart_id, books = document.cart_id, ws.books
    spec = ws.adapters.get(document.connection.cart_type)
    dates = dates_of(ws, document)
    recent = books.cycles.recent(cart_id, 1)
    return CartView(
        document=document,
        title=spec.title if spec else f"{document.connection.cart_type} (adapter not installed)",
        capabilities=spec.capabilities if spec else frozenset(),
        last_order_from=dates.last_order_from,
        last_update_time=dates.last_update_time,
        problems=guard_problems(ws, document),
        held=books.records.count_held(cart_id),
        last_cycle=recent[0] if recent else None,
        lease_holder=books.leases.holder(cart_id) or "",
        outbox=books.outbox.counts(cart_id),
        reconciled=books.reconciles.status(cart_id),
    )


def recent_cycles(ws: Workspace, name: str, limit: int = 20) -> list[CycleReport]:
    """The last cycles of a cart, newest first."""
    return ws.books.cycles.recent(ws.books.carts.get(name).cart_id, limit)


# --- create and change ------------------------------------------------------------------------------------------------


def new_cart(
    ws: Workspace, name: str, connection: CartConnection, settings: CartSettings | None = None
) -> CartDocument:
    """Create a cart, STOPPED and untested. All problems of the input are named in one `NeedsOperatorError`."""
    problems = [*_check_name(ws, name), *check_connection(ws, connection)]
    _refuse(problems, "The cart was not created.")
    chosen = settings or CartSettings()
    _refuse(check_settings(chosen), "The cart was not created.")
    return ws.books.carts.add(name, connection, replace(chosen, orders_from=None, updates_from=None))


def _refuse(problems: list[str], remedy: str) -> None:
    if problems:
        raise NeedsOperatorError(joined(*problems), remedy)


def _check_name(ws: Workspace, name: str) -> list[str]:
    if not re.fullmatch(r"[^\x00-\x1f\x7f/\\]{1,60}", name) or name != name.strip():
        return ["The name must have 1 to 60 characters, without slashes, control characters or blanks at its ends."]
    if ws.books.carts.find(name) is not None:
        return [f"There is a cart named {name!r} already: choose another name."]
    return []


def check_connection(ws: Workspace, connection: CartConnection) -> list[str]:
    """What is wrong with a connection as typed, each a sentence; no request is sent."""
    spec = ws.adapters.get(connection.cart_type)
    if spec is None:
        known = ", ".join(sorted(name for name, one in ws.adapters.items() if not one.hidden))
        return [f"There is no cart type {connection.cart_type!r} here; choose one of: {known}."]
    problems = [] if spec.hidden else _check_url(connection)
    options = {option.name: option for option in spec.options}
    for name in connection.options:
        if name not in options:
            known = ", ".join(options) or "none"
            problems.append(f"{spec.title} has no option {name!r} (it has: {known}).")
    for option in options.values():
        given = connection.secret_refs if option.secret else connection.options
        value = given.get(option.name, "")
        if option.required and not value:
            problems.append(f"{option.title} is needed: {option.help}")
        if option.choices and value and value not in option.choices:
            problems.append(f"{option.title} must be one of: {', '.join(option.choices)}.")
    return problems


def _check_url(connection: CartConnection) -> list[str]:
    try:
        parts = urlsplit(connection.url)
        host = parts.hostname or ""
    except ValueError:
        return [f"{connection.url[:80]!r} is no web address."]
    if parts.scheme not in ("https", "http") or not host:
        return [f"The address must begin with https:// and name a host; {connection.url[:80]!r} does not."]
    if parts.username or parts.password:
        return ["The address must not contain a user name or password; give the password on its own."]
    if parts.scheme == "http" and host not in _LOOPBACK and not connection.allow_plain_http:
        return [
            (
                "The address begins with http://, so the password and orders would travel in clear text: use https://, "
                "or consent for this cart (allow plain http; `--allow-plain-http`)."
            )
        ]
    return []


def check_settings(settings: CartSettings) -> list[str]:
    """What is wrong with settings as typed, each a sentence."""
    problems = []
    if settings.import_orders_as not in IMPORT_KINDS:
        problems.append("Import Orders As must be Cash Sale, Sales Order or Sales Invoice.")
    if not 1 <= settings.poll_minutes <= 60:
        problems.append("Poll must be 1 to 60 minutes.")
    for at, title in ((settings.orders_from, "Last Order from"), (settings.updates_from, "Last update time")):
        if at is not None and at.tzinfo is None:
            problems.append(f"{title} needs a time zone.")
    sending = (joined(problem, remedy) for problem, remedy in check_sending(settings))
    return [*problems, *sending, *check_rules(settings.import_rules)]


_NEEDED = {
    OutboxKind.STOCK: (Capability.WRITE_STOCK, Capability.REREAD_ITEMS),
    OutboxKind.ITEM: (Capability.WRITE_ITEMS, Capability.REREAD_ITEMS),
    OutboxKind.CUSTOMER: (Capability.WRITE_CUSTOMERS, Capability.REREAD_CUSTOMERS),
    OutboxKind.SHIPMENT: (Capability.WRITE_SHIPMENTS,),
}
_SENT_WORDS = {
    OutboxKind.STOCK: "stock",
    OutboxKind.ITEM: "item updates",
    OutboxKind.CUSTOMER: "customer updates",
    OutboxKind.SHIPMENT: "tracking data",
}


def cant_send(kind: OutboxKind, capabilities: Collection[Capability]) -> str:
    """Why a kind of cart can't be sent this, "" where it can."""
    lacking = [one.value for one in _NEEDED[kind] if one not in capabilities]
    return f"This kind of cart can't be sent {_SENT_WORDS[kind]} (no way to {', '.join(lacking)})." if lacking else ""


def check_abilities(ws: Workspace, document: CartDocument) -> list[str]:
    """Switches that are on although this kind of cart can't do it."""
    spec = ws.adapters.get(document.connection.cart_type)
    capabilities = spec.capabilities if spec else frozenset(Capability)
    return [why for kind in document.settings.sends if (why := cant_send(kind, capabilities))]


def save_cart(
    ws: Workspace, document: CartDocument, dates: CartDates | None = None, opened: CartDates | None = None
) -> CartDocument:
    """Store an edited document, and the two `dates` with it (they are not taken from it; only while STOPPED): all or
    nothing. `StaleVersionError` where another admin saved it since it was read, `NeedsOperatorError` where a date that
    is to be set stands elsewhere than `opened` says. A RUNNING cart's connection can't be changed."""
    dates = dates or CartDates()
    with ws.books.transaction():
        stored = ws.books.carts.get_by_id(document.cart_id)
        problems = [*check_connection(ws, document.connection), *check_settings(document.settings)]
        problems += check_abilities(ws, document)
        if stored.name != document.name:
            problems += _check_name(ws, document.name)
        if stored.status is SyncStatus.RUNNING and stored.connection != document.connection:
            problems.append("The connection of a RUNNING cart can't be changed: stop it first.")
        _refuse(problems, "Nothing was saved.")
        if not dates.is_empty:
            ensure_dates_stand(ws, stored, dates, opened)
        first = stored.settings
        settings = replace(
            document.settings,
            orders_from=dates.last_order_from or first.orders_from,
            updates_from=dates.last_update_time or first.updates_from,
        )
        saved = ws.books.carts.save(replace(document, settings=settings), actor=ws.actor)
        move_cursors(ws, saved.cart_id, dates)
        for kind in stale_kinds(first, saved.settings):
            ws.books.outbox.touch_all(saved.cart_id, kind)
    return saved


def stale_kinds(before: CartSettings, after: CartSettings) -> list[OutboxKind]:
    """What the cart is to be told of anew, all of it: a switch that was turned on, another stock number or range."""
    kinds = [kind for kind in after.sends if kind not in before.sends]
    if (
        OutboxKind.STOCK in after.sends
        and OutboxKind.STOCK not in kinds
        and _stock_rules(before) != _stock_rules(after)
    ):
        kinds.append(OutboxKind.STOCK)
    return kinds


def _stock_rules(settings: CartSettings) -> tuple[object, ...]:
    return (
        settings.stock_number,
        settings.stock_buffer,
        settings.stock_backorder,
        settings.stock_range,
        settings.stock_query,
    )


def set_last_order_from(ws: Workspace, name: str, at: datetime) -> CartDocument:
    """Set *Last Order from*: the first date and the cursor. Only while STOPPED."""
    return save_cart(ws, ws.books.carts.get(name), CartDates(last_order_from=at))


def set_last_update_time(ws: Workspace, name: str, at: datetime) -> CartDocument:
    """Set *Last update time*: the first date and the cursors of customers and items. Only while STOPPED."""
    return save_cart(ws, ws.books.carts.get(name), CartDates(last_update_time=at))


def _stopped(ws: Workspace, name: str, what: str) -> CartDocument:
    document = ws.books.carts.get(name)
    ensure_stopped(document, what)
    return document


def duplicate_cart(ws: Workspace, name: str, new_name: str) -> CartDocument:
    """A copy of connection and switches under a new name: STOPPED, untested, without dates, links or documents."""
    document = ws.books.carts.get(name)
    return new_cart(ws, new_name, document.connection, document.settings)


def delete_cart(ws: Workspace, name: str) -> None:
    """Delete a cart and what is remembered of its records. Its documents stay. Only while STOPPED; the person confirmed
    it by typing the name."""
    document = _stopped(ws, name, "delete it")
    with leased(ws, document):
        ws.books.carts.delete(document.cart_id, force=True)


def store_secret(ws: Workspace, name: str, which: str, text: str) -> str:
    """Keep a typed secret in a file that only this user can read, and return the reference to it."""
    if not text:
        raise NeedsOperatorError("The secret is empty.", "Type it, or give a reference such as env:NAME_OF_VARIABLE.")
    folder = Path(ws.home) / "secrets"
    readable = re.sub(r"[^A-Za-z0-9-]", "_", f"{name}-{which}")[:60]
    exact = blake2b(f"{name}/{which}".encode(), digest_size=4).hexdigest()  # "Main shop" is not "Main_shop"
    path, fresh = folder / f"{readable}-{exact}", folder / f".{exact}-{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)  # at once: a reader sees the old secret or the new one
    except OSError as error:
        raise NeedsOperatorError(
            f"The secret can't be kept in {folder}: {error.strerror}.",
            "Mend that, or give a reference such as env:NAME.",
        ) from error
    return f"file:{path}"


# --- test, start, stop ------------------------------------------------------------------------------------------------


def test_connection(ws: Workspace, name: str) -> Iterator[StageResult]:
    """Test Connection, stage by stage as they end; a full pass is remembered for the guard, a failure forgets one.

    An error of the transport ends the test with its sentence, raised as `CartuiError`.
    """
    document = ws.books.carts.get(name)
    tested = fingerprint_connection(document.connection)
    cart = ws.open_cart(document)
    passed, failed = False, False
    try:
        for result in cart.test_connection():
            failed = failed or result.verdict is Verdict.FAILED
            yield result
        passed = not failed
    finally:
        cart.close()
        ws.books.carts.set_tested(document.cart_id, ws.clock() if passed else None, tested if passed else "")


test_connection.__test__ = False  # type: ignore[attr-defined]  # its name is the field's, it is no test of pytest


def guard_problems(ws: Workspace, document: CartDocument) -> tuple[GuardProblem, ...]:
    """What the live-cart guard misses for this cart, worst first."""
    facts = GuardFacts(
        now=ws.clock(),
        connection_fingerprint=fingerprint_connection(document.connection),
        linked_items=ws.books.records.count_linked(document.cart_id, RecordKind.ITEM),
        copied_from_elsewhere=ws.books.copied_from_elsewhere(),
    )
    return check_start(document, facts)


def ensure_startable(ws: Workspace, document: CartDocument, *, confirmed: bool) -> None:
    """Raise one `NeedsOperatorError` that names all that refuses Start, each with its remedy."""
    refusing = blocking(guard_problems(ws, document), confirmed=confirmed)
    if refusing:
        told = joined(*(part for one in refusing for part in (one.problem, one.remedy)))
        raise NeedsOperatorError(f"Cart {document.name!r} can't be started yet.", told)


def ensure_tested(ws: Workspace, document: CartDocument) -> None:
    """Manual work with a cart also needs a tested connection (S015), though no dates."""
    codes = {"not_tested", "changed_since_test", "copied_database"}
    missing = [one for one in guard_problems(ws, document) if one.code in codes]
    if missing:
        raise NeedsOperatorError(missing[0].problem, missing[0].remedy)


def start_cart(ws: Workspace, name: str, *, confirmed: bool = False) -> CartDocument:
    """Set RUNNING if the guard allows it, else `NeedsOperatorError` that names all that is missing with its remedy.
    `confirmed`: the person typed the cart's name."""
    document = ws.books.carts.get(name)
    if document.status is SyncStatus.RUNNING:
        return document
    ensure_startable(ws, document, confirmed=confirmed)
    ws.books.carts.set_status(document.cart_id, SyncStatus.RUNNING, "")
    ws.books.carts.set_next_cycle(document.cart_id, None)
    return ws.books.carts.get(name)


_BY_HAND = "stopped by "


def stopped_by_fault(document: CartDocument) -> bool:
    """True for a cart that was RUNNING until something went wrong: nobody chose that it rests."""
    by_hand = not document.stop_reason or document.stop_reason.startswith(_BY_HAND)
    return document.status is SyncStatus.STOPPED and not by_hand


def stop_cart(ws: Workspace, name: str, reason: str = "") -> CartDocument:
    """Set STOPPED; a cycle under way ends after its current page."""
    document = ws.books.carts.get(name)
    ws.books.carts.set_status(document.cart_id, SyncStatus.STOPPED, reason or f"{_BY_HAND}{ws.actor}")
    return ws.books.carts.get(name)
