"""Vendure, by its Admin API (GraphQL). Seen with 3.7.3; needs 2.2 or newer (`moneyStrategyPrecision`).

Facts, with where they stand or that they were seen:

* Log-in: `login` answers with a bearer token in the header `vendure-auth-token`; the shop's `tokenMethod` must include
  "bearer". https://docs.vendure.io/reference/graphql-api/admin/mutations#login
* Errors come with HTTP 200 (a query that does not fit the schema: 400): `errors[].extensions.code`, or as data of the
  type `ErrorResult`; an old token and a missing right are both FORBIDDEN.
  https://docs.vendure.io/guides/developer-guide/error-handling/
* Lists: `take` at most `adminListQueryLimit`; `after` is exclusive; stamps are shown in ms and may be stored finer.
  https://docs.vendure.io/reference/graphql-api/admin/input-types#orderlistoptions
* `updatedAt` of an order is older than `orderPlacedAt`, and shipping, collecting and refunding do not move it (seen).
  So orders are listed by `orderPlacedAt`, which never changes, and open ones are read again by id.
* Money: whole numbers with `moneyStrategyPrecision` decimals in every currency, yen too. A variant's `price` is net;
  what staff typed stands in `prices` and is gross where the channel says `pricesIncludeTax`. A line's `linePrice` is
  net before and `proratedLinePrice` after all discounts; a shipping line's net `price` may come unrounded (seen).
  https://docs.vendure.io/guides/core-concepts/money/
* A product's name moves `product.updatedAt` only; price, SKU and a stock set by hand move `variant.updatedAt`; a sale
  or a shipment moves neither, an address does not move `customer.updatedAt` (all seen).
* `stockOnHand` includes what is allocated to open orders. https://docs.vendure.io/guides/core-concepts/stock-control/
* SKUs are not unique; a slug is: a second one gets a suffix. A product without options takes one variant only (seen).

facts → wire (shapes) → parse (rows → records) → render (drafts → inputs) → errors → session (log-in, pages) → cart,
diagnosis.
"""

from __future__ import annotations

from cartui.adapters.vendure.cart import SPEC, VendureCart, open_vendure

__all__ = ["SPEC", "VendureCart", "open_vendure"]
