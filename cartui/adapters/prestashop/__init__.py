"""PrestaShop 1.6.1 to 9 through its web service (https://devdocs.prestashop-project.org/8/webservice/).

facts (facts, options) → wire (bodies as rows) → moments (shop-local times) → states (the status table) → parse (rows as
records) → render (drafts as XML) → errors (the error table) → shopwide, session (requests) →
reading, changes, writing, stock, fulfilment → cart; diagnosis is Test Connection.
"""

from cartui.adapters.prestashop.cart import SPEC, PrestaShop, open_prestashop

__all__ = ["SPEC", "PrestaShop", "open_prestashop"]
