"""The Shopping Cart documents."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import peewee

from cartui.books.database import Database, Row
from cartui.books.faults import StaleVersionError
from cartui.books.fields import remedy_text, to_moment
from cartui.books.selects import Select
from cartui.books.tables import Cart, Cycle, Document
from cartui.domain.ids import CartId
from cartui.domain.import_rules import ImportRule, RuleThen
from cartui.domain.settings import (
    CartConnection,
    CartDocument,
    CartSettings,
    DocumentKind,
    FieldOwner,
    ReconcileWhen,
    StockNumber,
    StockRange,
    SyncStatus,
)
from cartui.errors import NeedsOperatorError

COPIED = "This database was copied from another machine."

_FIELDS = (
    Cart.id, Cart.name, Cart.cart_type, Cart.url, Cart.options, Cart.secret_refs, Cart.allow_plain_http, Cart.settings,
    Cart.status, Cart.stop_reason, Cart.tested_at, Cart.tested_fingerprint, Cart.next_cycle_at, Cart.version,
)  # fmt: skip
_BY_NAME = Select(_FIELDS, "FROM cart WHERE name_key = ?")
_BY_ID = Select(_FIELDS, "FROM cart WHERE id = ?")
_ALL = Select(_FIELDS, "FROM cart ORDER BY name_key")
_DUE = Select(
    _FIELDS,
    f"FROM cart WHERE status = '{SyncStatus.RUNNING.value}'"
    " AND (next_cycle_at IS NULL OR next_cycle_at <= ? OR next_cycle_at > ?) ORDER BY name_key",
)


class Carts:
    """Each write is a transaction of its own unless the caller has one open."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self, name: str, connection: CartConnection, settings: CartSettings | None = None, *, actor: str = ""
    ) -> CartDocument:
        """A new cart, STOPPED and untested. NeedsOperatorError when the name is taken (whatever its case)."""
        with self._db.joined():
            self._ensure_free(name)
            cart_id = CartId(self._db.allocate("cart", 1))
            self._db.write(
                Cart.insert(
                    id=cart_id,
                    status=SyncStatus.STOPPED.value,
                    stop_reason="",
                    tested_fingerprint="",
                    version=1,
                    **self._name(name),
                    **self._content(connection, settings or CartSettings(), actor),
                )
            )
        return self.get_by_id(cart_id)

    def get(self, name: str) -> CartDocument:
        """By name. NeedsOperatorError lists the known ones."""
        if (document := self.find(name)) is not None:
            return document
        known = ", ".join(repr(document.name) for document in self.list_all())
        raise NeedsOperatorError(
            f"There is no cart called {name!r}.",
            f"Known carts: {known}." if known else "Make one first: there is none yet.",
        )

    def find(self, name: str) -> CartDocument | None:
        """By name, whatever its case."""
        return self._one(_BY_NAME, name.casefold())

    def get_by_id(self, cart_id: CartId) -> CartDocument:
        """By number. NeedsOperatorError when it was deleted."""
        if (document := self._one(_BY_ID, int(cart_id))) is not None:
            return document
        raise NeedsOperatorError("This cart was deleted.", "Go back to the list of carts.")

    def list_all(self) -> list[CartDocument]:
        """All carts by name."""
        return [self._document(row) for row in self._db.select(_ALL)]

    def list_due(self, now: datetime, beyond: datetime) -> list[CartDocument]:
        """RUNNING carts whose next cycle is not after `now`, or after `beyond`: a look at a thousand carts is to be
        cheap."""
        documents = [self._document(row) for row in self._db.select(_DUE, (to_moment(now), to_moment(beyond)))]
        return [document for document in documents if document.status is SyncStatus.RUNNING]

    def save(self, document: CartDocument, *, actor: str = "") -> CartDocument:
        """Store name, connection and settings, and return it with its new version. StaleVersionError when somebody
        saved it since. Status, test and next cycle have setters of their own: the runner changes them all the time."""
        with self._db.joined():
            current = self._db.row(
                Cart.select(Cart.version, Cart.changed_by, Cart.changed_at).where(Cart.id == document.cart_id)
            )
            if current is None:
                raise NeedsOperatorError(f"The cart {document.name!r} was deleted.", "Go back to the list of carts.")
            if current[0] != document.version:
                raise StaleVersionError(f"The cart {document.name!r}", current[1], current[2])
            self._ensure_free(document.name, but=document.cart_id)
            self._update(
                document.cart_id,
                version=document.version + 1,
                **self._name(document.name),
                **self._content(document.connection, document.settings, actor),
            )
        return self.get_by_id(document.cart_id)

    def rename(self, cart_id: CartId, name: str, *, actor: str = "") -> CartDocument:
        """Give it another name."""
        with self._db.joined():
            self._ensure_free(name, but=cart_id)
            self._update(
                cart_id,
                version=Cart.version + 1,
                changed_at=self._db.clock(),
                changed_by=actor,
                **self._name(name),
            )
        return self.get_by_id(cart_id)

    def delete(self, cart_id: CartId, *, force: bool = False) -> None:
        """Delete it with its records, cursors, cycles and lease. With documents it is refused unless `force`; these
        stay and keep the cart's number, which is never given again. The journal stays as well."""
        with self._db.joined():
            documents = self._db.rows(Document.select(peewee.fn.COUNT(Document.id)).where(Document.cart_id == cart_id))
            if documents[0][0] and not force:
                raise NeedsOperatorError(
                    f"{documents[0][0]} documents came from this cart.",
                    "Confirm that it shall be deleted all the same: the documents stay.",
                )
            self._db.write(Cycle.delete().where(Cycle.cart_id == cart_id))
            self._db.write(Cart.delete().where(Cart.id == cart_id))

    def set_status(self, cart_id: CartId, status: SyncStatus, reason: str = "") -> None:
        """RUNNING or STOPPED; `reason` is kept with STOPPED."""
        kept = remedy_text(reason) if status is SyncStatus.STOPPED else ""
        self._set(cart_id, "status = ?, stop_reason = ?", status.value, kept)

    def set_tested(self, cart_id: CartId, at: datetime | None, fingerprint: str) -> None:
        """When Test Connection last passed, and for which connection."""
        self._set(cart_id, "tested_at = ?, tested_fingerprint = ?", _moment(at), fingerprint)

    def set_next_cycle(self, cart_id: CartId, at: datetime | None) -> None:
        """When the runner is to look next."""
        self._set(cart_id, "next_cycle_at = ?", _moment(at))

    def put_off(self, cart_id: CartId, until: datetime) -> None:
        """The runner is not to look before `until`: the cart asked for it. A later time stays."""
        with self._db.joined():
            at = to_moment(until)
            self._db.write_sql(
                "UPDATE cart SET next_cycle_at = ? WHERE id = ? AND (next_cycle_at IS NULL OR next_cycle_at < ?)",
                (at, int(cart_id), at),
            )

    def stop_all(self, reason: str) -> None:
        """Every cart STOPPED."""
        with self._db.joined():
            self._db.write(Cart.update(status=SyncStatus.STOPPED.value, stop_reason=reason))

    def _set(self, cart_id: CartId, columns: str, *values: object) -> None:
        with self._db.joined():
            text = f"UPDATE cart SET {columns} WHERE id = ? RETURNING id"
            if not self._db.write_sql(text, (*values, int(cart_id))):
                raise NeedsOperatorError("This cart was deleted.", "Go back to the list of carts.")

    def _update(self, cart_id: CartId, **values: Any) -> None:
        if self._db.write(Cart.update(**values).where(Cart.id == cart_id)) != 1:
            raise NeedsOperatorError("This cart was deleted.", "Go back to the list of carts.")

    def _ensure_free(self, name: str, but: CartId | None = None) -> None:
        if not name.strip():
            raise NeedsOperatorError("A cart needs a name.", "Type one.")
        other = self.find(name)
        if other is not None and other.cart_id != but:
            raise NeedsOperatorError(f"There is a cart called {other.name!r} already.", "Choose another name.")

    def _one(self, select: Select, value: object) -> CartDocument | None:
        rows = self._db.select(select, (value,))
        return self._document(rows[0]) if rows else None

    def _document(self, row: Row) -> CartDocument:
        (
            cart_id,
            name,
            cart_type,
            url,
            options,
            secret_refs,
            plain_http,
            settings,
            status,
            reason,
            *tested,
            version,
        ) = row
        copied = self._db.read_only is not None
        return CartDocument(
            cart_id=CartId(cart_id),
            name=name,
            connection=CartConnection(cart_type, url, options, secret_refs, plain_http),
            settings=_settings_from(settings),
            status=SyncStatus.STOPPED if copied else SyncStatus(status),
            stop_reason=COPIED if copied else reason,
            tested_at=tested[0],
            tested_fingerprint=tested[1],
            next_cycle_at=tested[2],
            version=version,
        )

    def _name(self, name: str) -> dict[str, Any]:
        return {"name": name, "name_key": name.casefold()}

    def _content(self, connection: CartConnection, settings: CartSettings, actor: str) -> dict[str, Any]:
        return {
            "cart_type": connection.cart_type,
            "url": connection.url,
            "options": dict(connection.options),
            "secret_refs": dict(connection.secret_refs),
            "allow_plain_http": connection.allow_plain_http,
            "settings": _settings_as_json(settings),
            "changed_at": self._db.clock(),
            "changed_by": actor,
        }


def _moment(at: datetime | None) -> int | None:
    return None if at is None else to_moment(at)


def _settings_as_json(settings: CartSettings) -> dict[str, Any]:
    return {
        key: value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, Decimal) else value
        for key, value in dataclasses.asdict(settings).items()
    }


_READ: dict[str, Callable[[Any], Any]] = {
    "orders_from": datetime.fromisoformat,
    "updates_from": datetime.fromisoformat,
    "import_orders_as": DocumentKind,
    "stock_number": StockNumber,
    "stock_range": StockRange,
    "reconcile": ReconcileWhen,
    "stock_buffer": Decimal,
    "import_rules": lambda stored: tuple(ImportRule(one["when"], RuleThen(one["then"])) for one in stored),
    "field_owners": lambda stored: {key: FieldOwner(owner) for key, owner in stored.items()},
}


_KNOWN = frozenset(field.name for field in dataclasses.fields(CartSettings))


def _settings_from(stored: dict[str, Any]) -> CartSettings:
    """A setting that is not stored yet has its default."""
    values = {key: value for key, value in stored.items() if key in _KNOWN}
    for key, read in _READ.items():
        if values.get(key) is not None:
            values[key] = read(values[key])
    return CartSettings(**values)
