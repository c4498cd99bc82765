"""The merchant's own side of a schedule: what the people in the office do while the cart is synchronised."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

from cartui.books import StockChange
from cartui.domain.documents import Document, DocumentStatus, Item
from cartui.domain.ids import DocumentId, ItemCode
from cartui.domain.records import LineKind
from cartui.sync.approvals import approve_documents, preview_approvals
from cartui.sync.fulfilment import Parcel, ship_document, shippable
from tests.simulation.shop import Version
from tests.simulation.world import CalmProcess, World


class Office:
    """Edits of items, stock and documents; each in a process of its own that nothing befalls."""

    def __init__(self, world: World, *, ships: bool) -> None:
        self.world = world
        self.ships = ships

    def act(self, rng: Random) -> None:
        """One thing that somebody does."""
        self.world.office_changes += 1
        kind = rng.random()
        if self.ships and kind < 0.6:
            self.ship(rng)
        elif kind < 0.8:
            self.move_stock(rng)
        elif kind < 0.84:
            self._empty_shelves()
        else:
            self._edit_item(rng)

    def move_stock(self, rng: Random, row: Version | None = None) -> None:
        """Some pieces come or go; `row`: of just this item of the shop, where it is one of ours."""
        self.world.office_changes += 1
        books = CalmProcess(self.world, "office").ws.books
        ours = books.items.find_by_codes([ItemCode(row.record.sku)]) if row and not row.bad else {}
        item = next(iter(ours.values()), None) or self._any_item(rng, linked=True)
        pieces = rng.choice((-7, -2, 1, 5, 20))
        with books.transaction():
            books.items.change_stock([StockChange(item.item_id, Decimal(pieces), "counted")])
        self.world.happened["stock moved here"] += 1
        self.world.log(f"office: {pieces} of {item.code}")

    def take_stock(self) -> None:
        """One piece more is found of everything."""
        books = CalmProcess(self.world, "office").ws.books
        items = [one for one in books.items.list_all() if one.on_hand is not None]
        with books.transaction():
            books.items.change_stock([StockChange(one.item_id, Decimal(1), "counted") for one in items])
        self.world.log("office: one more of everything")

    def _empty_shelves(self) -> None:
        """The mistake of all mistakes: an import of stock that sets everything to nothing."""
        books = CalmProcess(self.world, "office").ws.books
        items = [one for one in books.items.list_all() if one.on_hand]
        with books.transaction():
            books.items.change_stock([StockChange(one.item_id, -one.on_hand, "counted") for one in items])
        self.world.happened["all set to zero"] += 1
        self.world.log("office: all stock to zero")

    def _edit_item(self, rng: Random) -> None:
        books = CalmProcess(self.world, "office").ws.books
        item = self._any_item(rng, linked=True)
        if rng.random() < 0.5:
            changed = replace(item, price=Decimal(rng.randint(10, 14)))
        else:
            changed = replace(item, name=f"Ours {item.code} {rng.randrange(99)}")
        with books.transaction():
            books.items.update(changed)
        self.world.happened["item edited here"] += 1
        self.world.log(f"office: {item.code} is {changed.name!r} at {changed.price}")

    def _any_item(self, rng: Random, *, linked: bool) -> Item:
        books = CalmProcess(self.world, "office").ws.books
        items = [
            one for one in books.items.list_all() if not one.is_default and (one.on_hand is not None or not linked)
        ]
        return rng.choice(items)

    def ship(self, rng: Random) -> None:
        """Approve an order that was imported, or send a parcel of one."""
        ws = CalmProcess(self.world, "office").ws
        rows = CalmProcess(self.world, "office").database.ask("SELECT id FROM document ORDER BY id")
        documents = [ws.books.documents.get(DocumentId(row[0])) for row in rows]
        open_ones = [one for one in documents if one.status is DocumentStatus.PENDING]
        ready = [
            one
            for one in documents
            if one.status is DocumentStatus.APPROVED and one.source_id is None and any(shippable(ws, one).values())
        ]
        if ready and (not open_ones or rng.random() < 0.4):
            self._send_parcel(rng, rng.choice(ready))
        elif open_ones:
            chosen = rng.choice(open_ones)
            (done,) = approve_documents(ws, preview_approvals(ws, [chosen.document_id]))
            self.world.happened["approved"] += 1
            self.world.log(f"office: approves {done.name} {done.problem}")
            if not done.problem and chosen.source_id is None:
                self._send_parcel(rng, ws.books.documents.get(chosen.document_id))

    def approve_all(self) -> None:
        """Post what can be posted."""
        ws = CalmProcess(self.world, "office").ws
        rows = CalmProcess(self.world, "office").database.ask(
            "SELECT id FROM document WHERE status = 'PENDING' ORDER BY id"
        )
        approve_documents(ws, preview_approvals(ws, [DocumentId(row[0]) for row in rows]))
        self.world.log(f"office: approves {len(rows)}")

    def _send_parcel(self, rng: Random, document: Document) -> None:
        ws = CalmProcess(self.world, "office").ws
        left = {
            at: n for at, n in shippable(ws, document).items() if document.draft.lines[at - 1].kind is LineKind.PRODUCT
        }
        some = {at: (Decimal(1) if rng.random() < 0.4 else n) for at, n in left.items() if n}
        self.world.happened["parcels"] += 1
        number = f"T{self.world.happened['parcels']}"
        ship_document(ws, document, Parcel(some, "DHL", number))
        self.world.log(f"office: parcel {number} of {document.draft.order_number}: {some}")
