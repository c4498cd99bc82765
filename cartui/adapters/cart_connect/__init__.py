"""Cart Connect: any shop that offers the protocol of docs/cart-connect.md (shapes: docs/cart-connect.openapi.yaml).

wire (shapes) → parse, listing (answers → records) → render (drafts → bodies) → errors → cart (thin I/O), diagnosis.
"""

from cartui.adapters.cart_connect.cart import SPEC, CartConnect, open_cart_connect

__all__ = ["SPEC", "CartConnect", "open_cart_connect"]
