"""Shopify, by its Admin API (GraphQL), versions 2025-10 to 2026-10. Not run against a live shop: built from the
published schema and documentation; every document is checked against that schema.

Facts, with where they stand:

* Access: a static token, or client credentials of a Dev Dashboard app for one that lasts 24 hours.
  https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
* Orders older than 60 days need the scope `read_all_orders`.
  https://shopify.dev/docs/api/usage/access-scopes
* Throttling is HTTP 200 with `errors[].extensions.code` THROTTLED; the bucket stands in `extensions.cost`; one query
  may cost 1000 points. https://shopify.dev/docs/api/usage/limits
* Search: dates in quotes, an unknown field is ignored with a warning in `extensions.search`; an empty value fails.
  https://shopify.dev/docs/api/usage/search-syntax
* `products` without a status lists active ones only; `customers` filters `updated_at` by whole days (schema).
* Mutations that change stock want `@idempotent` and `changeFromQuantity` from 2026-04 on; both exist since 2026-01.
  https://shopify.dev/docs/api/usage/implementing-idempotency
* `productSet` takes away what its lists leave out, so it makes items here and never changes them.
  https://shopify.dev/docs/api/admin-graphql/latest/mutations/productSet
* Amounts come as text, in the shop's currency and in the one that the customer saw (presentment).
  https://shopify.dev/docs/api/admin-graphql/latest/objects/MoneyBag
* An unsupported version is answered as the oldest supported one; the header X-Shopify-API-Version says so.
  https://shopify.dev/docs/api/usage/versioning

facts → documents (GraphQL) → wire (shapes) → parse, amounts (rows → records) → render (drafts → inputs) → errors →
session (token, throttling, pages) → cart, diagnosis.
"""

from __future__ import annotations

from cartui.adapters.shopify.cart import SPEC, ShopifyCart, open_shopify

__all__ = ["SPEC", "ShopifyCart", "open_shopify"]
