"""Magento 2 and Adobe Commerce (2.2 to 2.4) by the REST API. Seen with Magento Open Source 2.2.5.

Facts, with where they stand or that they were seen:

* Three ways to sign in: an integration's access token as Bearer (before 2.4.4, later only with the shop's switch "Allow
  OAuth Access Tokens to be used as standalone Bearer tokens"), the four secrets of the integration by OAuth 1.0a (a
  blank in the query is %20, + is "Invalid signature", seen), or an administrator's name for a token of four hours.
  https://developer.adobe.com/commerce/webapi/get-started/authentication/
* `searchCriteria` is required; a condition that Magento does not know is ignored and everything comes (seen); a page
  past the end is the last page again (seen), so listings end by `total_count`.
  https://developer.adobe.com/commerce/webapi/rest/use-rest/performing-searches/
* Stamps are UTC without saying so, in whole seconds, whatever the shop's zone (seen). A comment does not move
  an order's `updated_at`; invoice, shipment and refund do. Stock moves no stamp of the item (seen).
* Orders: the amounts without `base_` are in the order's currency; grand_total = subtotal + shipping + tax + discount
  (negative) + discount_tax_compensation (held for 178 of 178 seen). A configurable line comes twice: the parent has the
  money, the child the item. Of a bundle either parent or children have the money. Statuses are the merchant's own
  words; the state is Magento's.
* `POST products` with a SKU that exists overwrites that item (seen), and MySQL compares SKUs without case: look up
  first.
* Stock: `stockItems` (2.2; free to sell) or, where the inventory modules of 2.3 are, `inventory/source-items` (on
  hand).
  https://developer.adobe.com/commerce/webapi/rest/inventory/
* Errors come as a text with places (`%1`, `%fieldName`) and parameters beside it; a missing right and a wrong token
  are the same 401 (seen).

facts → wire (shapes) → parse, lines, refunds (rows → records) → render (drafts → bodies) → errors → paging → session
(sign-in, requests) → stock, sales → cart, diagnosis.
"""

from __future__ import annotations

from cartui.adapters.magento.cart import SPEC, MagentoCart, open_magento

__all__ = ["SPEC", "MagentoCart", "open_magento"]
