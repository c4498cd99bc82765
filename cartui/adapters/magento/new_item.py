"""How an item is made, with its stock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cartui.adapters.magento.render import render_item, render_number, with_address
from cartui.adapters.magento.session import SOURCE_ITEMS, MagentoSession
from cartui.adapters.magento.stock import MagentoStock
from cartui.domain.records import ItemDraft
from cartui.errors import HoldRecordError, UnknownOutcomeError

_PATH: Final = "rest/all/V1/products"


def create_item(session: MagentoSession, stock: MagentoStock, draft: ItemDraft) -> str:
    """The new item's id. Its own stock is what lies at the source `default`: one call makes both, so that none can be
    lost; at another source a second call puts it there."""
    source = session.option("source_code") or "default"
    apart = source != "default" and stock.look_up()
    body = render_item(
        draft,
        _whole_number(session.option("attribute_set") or "4", draft.sku),
        session.option("barcode_attribute"),
        session.terms().website_id,
        with_stock=not apart,
    )
    made = _post(session, body, draft.sku)
    if apart and draft.stock is not None:
        wire = {"sku": draft.sku, "source_code": source, "quantity": render_number(draft.stock)}
        wires = {"sourceItems": [wire | {"status": int(draft.stock > 0)}]}
        session.ask("POST", SOURCE_ITEMS.path, body=wires, **as_create(draft.sku))
    return made


def _post(session: MagentoSession, body: Mapping[str, Any], sku: str) -> str:
    """Refused is not made: a second try is no second item."""
    try:
        told = session.ask("POST", _PATH, body=body, root=True, **as_create(sku)).json
    except HoldRecordError as error:
        if "URL key" not in error.problem:
            raise
        told = session.ask("POST", _PATH, body=with_address(body), root=True, **as_create(sku)).json
    return made_id(told)


def as_create(record: str) -> dict[str, Any]:
    """What a call that makes something is."""
    return {"writes": True, "idempotent": False, "record": record}


def made_id(told: Any) -> str:
    """The id of what was made; `UnknownOutcomeError` where the answer does not say it."""
    made = told.get("id") if isinstance(told, dict) else None
    if not isinstance(made, int | str) or isinstance(made, bool) or not str(made).isdigit():
        raise UnknownOutcomeError(
            "The shop's answer does not say what it made.", "It is looked up before anything is sent again."
        )
    return str(made)


def _whole_number(text: str, record: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    raise HoldRecordError(record, "The cart's option Attribute set is not a number.", "Enter the id of the set.")
