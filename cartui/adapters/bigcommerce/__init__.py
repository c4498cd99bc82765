"""BigCommerce, by its REST API: orders V2, catalogue, customers and inventory V3 (a hosted shop, one version for all).

Facts, from the vendor's documentation (https://github.com/bigcommerce/docs, `reference/*.yml` named below); nothing
here was tried against a store of BigCommerce's own:

* Address: https://api.bigcommerce.com/stores/{hash}, header `X-Auth-Token`. https://developer.bigcommerce.com/docs/start
* V2 lists answer 204 with no body where there is nothing; pages by `page` and `limit` (50 unless told), no totals but
  `/orders/count`. Dates come as RFC 2822 UTC; `min_date_modified` takes RFC 2822 or ISO 8601. orders.v2.oas2.yml
* An order's products, addresses, coupons and taxes stand on lists of their own, all paged; fees come with
  `include=fees`. `include=consignments.line_items` would bring the lines, but stops at 50 (bigcommerce/docs#960).
* Amounts are texts of four decimals in the currency the shopper paid in (`default_currency_code`); `currency_code` is
  what was only displayed. `coupon_discount` and `discount_amount` are both taken off; where the shop's prices include
  tax both hold tax. `refunded_amount` always says 0: refunds are read from V3. orders.v2.oas2.yml, orders.v3.yml
* Status 0 (Incomplete) is a checkout that never finished: a basket here. Statuses 0 to 14 are fixed, their names are
  not (`custom_status`).
* Rate: 150 or 450 requests in 30 seconds for all apps of the store together, more by plan;
  `X-Rate-Limit-Requests-Left` and `-Time-Reset-Ms` tell how it stands, a 429 without them is the platform's overload.
  docs/api-docs/getting-started/api-rate-limits.mdx
* V3 lists answer {data, meta.pagination}; products at most 250 a page. `date_modified:min` without a time gets the time
  of the request. catalog/products_catalog.v3.yml
* Every product has at least one variant; a variant without a price has its product's. Stock is counted per product, per
  variant or not at all (`inventory_tracking`). SKUs are unique in the shop.
* Stock is set by `PUT inventory/adjustments/absolute`, up to 2,000 rows, all or none (422), soon afterwards
  (asynchronously) visible; what is on hand less `safety_stock` is what may be sold. inventory.v3.yml
* Customers are written in lists of at most 10 and carry at most 10 addresses; others have a list. customers.v3.yml

facts → wire (shapes) → money, parse, items (rows → records) → render (drafts → bodies) → session (requests, pages) →
beside (what an order needs besides), stock, diagnosis, cart.
"""

from __future__ import annotations

from cartui.adapters.bigcommerce.cart import SPEC, BigCommerceCart, open_bigcommerce

__all__ = ["SPEC", "BigCommerceCart", "open_bigcommerce"]
