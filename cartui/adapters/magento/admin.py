"""Pages of the administration. Its address has a name of the shop's own, so that it must be entered. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from cartui.domain.ids import RecordKind

_PAGES: Final = {
    RecordKind.ORDER: "sales/order/view/order_id",
    RecordKind.ITEM: "catalog/product/edit/id",
    RecordKind.CUSTOMER: "customer/index/edit/id",
}


def admin_page(office: str, kind: RecordKind, external_id: str) -> str:
    """`office`: the option admin_url, such as https://shop.example/admin_1a2b3c; "" = it was not entered."""
    parts = urlsplit(office)
    known = kind in _PAGES and external_id.isascii() and external_id.isdigit() and len(external_id) <= 18
    if not known or parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    if not (office.isascii() and office.isprintable()) or " " in office:
        return ""
    return f"{office.partition('?')[0].rstrip('/')}/{_PAGES[kind]}/{external_id}/"
