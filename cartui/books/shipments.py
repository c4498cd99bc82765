"""What left the house: shipments of a document, with carrier, tracking and quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cartui.books.database import Database, Row
from cartui.books.fields import from_micros, from_moment, to_micros, to_moment
from cartui.books.outbox import Outbox
from cartui.domain.ids import CartId, DocumentId, ShipmentId
from cartui.domain.outbox import OutboxKind

WHOLE = "exported whole"
"""Evidence of a parcel that the cart was told of as all that was left of its order."""
_TOLD = """SELECT d.external_id, x.line_id, CAST(SUM(l.quantity) AS BIGINT),
 MAX(CASE WHEN r.evidence = ? THEN 1 ELSE 0 END) FROM document d
 JOIN shipment s ON s.document_id = d.id
 JOIN cart_record r ON r.cart_id = d.cart_id AND r.kind = 'shipment' AND r.our_id = s.id
 JOIN shipment_line l ON l.shipment_id = s.id
 JOIN document_line x ON x.document_id = d.id AND x.position = l.position
 WHERE d.cart_id = ? AND d.external_id {among} GROUP BY d.external_id, x.line_id"""


@dataclass(frozen=True, slots=True)
class NewShipment:
    """`lines`: position of the document's line -> quantity > 0."""

    shipped_at: datetime
    lines: Mapping[int, Decimal]
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


@dataclass(frozen=True, slots=True)
class Shipment:
    """A stored shipment; `shipped_at` and `created_at` are aware UTC."""

    shipment_id: ShipmentId
    document_id: DocumentId
    carrier: str
    tracking_number: str
    tracking_url: str
    shipped_at: datetime
    created_at: datetime
    actor: str
    lines: Mapping[int, Decimal]


@dataclass(frozen=True, slots=True)
class ToldPieces:
    """Pieces by the cart's id of the order's line; `whole`: it was told that all of the order has left."""

    lines: Mapping[str, Decimal]
    whole: bool


class Shipments:
    """Writes need the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._outbox = Outbox(database)

    def add(self, document_id: DocumentId, cart_id: CartId, new: NewShipment, actor: str) -> ShipmentId:
        """Store a shipment and note that its cart is to be told."""
        shipment_id = self._db.allocate("shipment", 1)
        self._db.write_many(
            "INSERT INTO shipment (id, document_id, carrier, tracking_number, tracking_url, shipped_at, created_at,"
            " actor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(
                shipment_id, int(document_id), new.carrier, new.tracking_number, new.tracking_url,
                to_moment(new.shipped_at), to_moment(self._db.clock()), actor,
            )],
        )  # fmt: skip
        self._db.write_many(
            "INSERT INTO shipment_line (shipment_id, position, quantity) VALUES (?, ?, ?)",
            [(shipment_id, position, to_micros(quantity)) for position, quantity in new.lines.items()],
        )
        self._outbox.touch(OutboxKind.SHIPMENT, [shipment_id], cart_id=cart_id)
        return ShipmentId(shipment_id)

    def correct(
        self, shipment: Shipment, cart_id: CartId, carrier: str, tracking_number: str, tracking_url: str
    ) -> None:
        """Carrier and tracking that came later; the cart is told again."""
        self._db.write_sql(
            "UPDATE shipment SET carrier = ?, tracking_number = ?, tracking_url = ? WHERE id = ?",
            (carrier, tracking_number, tracking_url, int(shipment.shipment_id)),
        )
        self._outbox.touch(OutboxKind.SHIPMENT, [shipment.shipment_id], cart_id=cart_id)

    def of_document(self, document_id: DocumentId) -> list[Shipment]:
        """Oldest first."""
        return self._list("document_id = ?", int(document_id))

    def find(self, shipment_id: ShipmentId) -> Shipment | None:
        """By our number."""
        found = self._list("id = ?", int(shipment_id))
        return found[0] if found else None

    def shipped(self, document_id: DocumentId) -> dict[int, Decimal]:
        """How much of each line of a document was shipped."""
        rows = self._db.sql(
            "SELECT l.position, CAST(SUM(l.quantity) AS BIGINT) FROM shipment s JOIN shipment_line l"
            " ON l.shipment_id = s.id WHERE s.document_id = ? GROUP BY l.position",
            (int(document_id),),
        )
        return {row[0]: from_micros(int(row[1])) for row in rows}

    def told(self, cart_id: CartId, order_ids: Sequence[str]) -> dict[str, ToldPieces]:
        """What the cart confirmed of our parcels, by the order's external id."""
        lines: dict[str, dict[str, Decimal]] = {}
        whole = set[str]()
        for order_id, line_id, pieces, all_of_it in self._db.sql_among(_TOLD, (WHOLE, int(cart_id)), list(order_ids)):
            lines.setdefault(order_id, {})[line_id] = from_micros(int(pieces))
            whole |= {order_id} if all_of_it else set()
        return {order_id: ToldPieces(some, order_id in whole) for order_id, some in lines.items()}

    def codes_in(self, shipment_ids: Sequence[int]) -> list[str]:
        """The item codes of what is in these parcels."""
        if not shipment_ids:
            return []
        rows = self._db.sql_among(
            "SELECT DISTINCT x.item_code FROM shipment s JOIN shipment_line l ON l.shipment_id = s.id"
            " JOIN document_line x ON x.document_id = s.document_id AND x.position = l.position"
            " WHERE s.id {among} AND x.item_code IS NOT NULL",
            (),
            list(shipment_ids),
        )
        return [row[0] for row in rows]

    def _list(self, condition: str, value: int) -> list[Shipment]:
        rows = self._db.sql(
            "SELECT id, document_id, carrier, tracking_number, tracking_url, shipped_at, created_at, actor"
            f" FROM shipment WHERE {condition} ORDER BY id",
            (value,),
        )
        return [self._shipment(row) for row in rows]

    def _shipment(self, row: Row) -> Shipment:
        lines = self._db.sql(
            "SELECT position, quantity FROM shipment_line WHERE shipment_id = ? ORDER BY position", (row[0],)
        )
        return Shipment(
            ShipmentId(row[0]), DocumentId(row[1]), row[2], row[3], row[4], from_moment(row[5]), from_moment(row[6]),
            row[7], {position: from_micros(quantity) for position, quantity in lines},
        )  # fmt: skip
