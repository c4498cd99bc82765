"""WooCommerce 8 to 11 by its REST API, version wc/v3.

wire (shapes) → parse (rows → records) → render (drafts → bodies) → signing (OAuth 1.0a) → errors → client
(requests: address, credentials)
→ listing (pages by key) → cart (thin I/O), diagnosis (Test Connection).
"""

from cartui.adapters.woocommerce.cart import SPEC, WooCommerce, open_woocommerce

__all__ = ["SPEC", "WooCommerce", "open_woocommerce"]
