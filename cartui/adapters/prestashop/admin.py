"""Pages of the back office. Its folder has a name of the shop's own, so that it must be entered; the addresses are
those that every version from 1.7 to 9 understands (newer ones lead on to their own). Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from cartui.adapters.prestashop.fields import is_id
from cartui.domain.ids import RecordKind

_PAGES: Final = {
    RecordKind.ORDER: ("AdminOrders", "id_order", "vieworder"),
    RecordKind.ITEM: ("AdminProducts", "id_product", "updateproduct"),
    RecordKind.CUSTOMER: ("AdminCustomers", "id_customer", "viewcustomer"),
    RecordKind.BASKET: ("AdminCarts", "id_cart", "viewcart"),
}


def admin_page(office: str, kind: RecordKind, external_id: str) -> str:
    """`office`: the option admin_url, such as https://www.example.com/admin123abc; "" = it was not entered."""
    record_id = external_id.partition(":")[0]
    parts = urlsplit(office)
    if kind not in _PAGES or not is_id(record_id) or parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    if not (office.isascii() and office.isprintable()) or " " in office:
        return ""
    controller, name, action = _PAGES[kind]
    folder = office.partition("?")[0].removesuffix("/").removesuffix("/index.php")
    return f"{folder}/index.php?controller={controller}&{name}={record_id}&{action}"
