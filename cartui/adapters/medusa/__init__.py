"""Medusa 2, by its Admin API (REST). Seen with 2.21.2.

Facts, with where they stand or that they were seen:

* Log-in: a secret API key as the user of basic authentication with an empty password, or `POST /auth/user/emailpass`
  for a bearer token of a day. https://docs.medusajs.com/api/admin#authentication
* Lists: `limit`, `offset`, one key of `order` (two give 500), `fields`; the answer states `count`. A filter of orders
  and products that is misspelt, or written with the operators of version 1 (`updated_at[gte]`), is ignored without a
  word; lists of customers, variants and drafts refuse it (seen). https://docs.medusajs.com/api/admin#select-fields
* Money: exact in `raw_…` texts of 20 digits, floats beside them. Nothing is rounded to the currency: an order of
  59.892 pounds is paid with 59.892 (seen). `total` falls with each refund and each returned piece: a refund leaves a
  credit line with the reference "payment_collection", a return lowers the amounts of its line (seen).
* `updated_at` of an order moves with status, shipments, refunds, returns and metadata, not with a captured payment;
  that of a customer not with its addresses; that of a variant not with its stock nor its product's name (all seen).
* `fulfillment_status` depends on the fields that are asked for: with few it says "shipped" as soon as one piece is
  (seen).
  The lines' `detail` counts pieces.
* Prices of a variant are replaced as a whole: those left out are deleted, in other currencies too. A change of a
  variant that is not there is answered with 200 (seen).
* `stocked_quantity` includes what is reserved for open orders. A batch of levels is written wholly or not at all.
  https://docs.medusajs.com/resources/commerce-modules/inventory/concepts
* Cancelling an order pays captured money back by itself (seen). https://docs.medusajs.com/api/admin#orders
* Draft orders are orders with a flag; the list of orders leaves them out. Open baskets of shoppers can't be listed.

facts → wire (shapes), lists (what is asked for) → money → parse (rows → records) → render (drafts → bodies) → session
(log-in, pages) → items, stock, shipments, cart, diagnosis.
"""

from __future__ import annotations

from cartui.adapters.medusa.cart import SPEC, MedusaCart, open_medusa

__all__ = ["SPEC", "MedusaCart", "open_medusa"]
