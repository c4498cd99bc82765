"""The GraphQL documents. Each is valid against the published schema of every version in `facts.VERSIONS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_ADDRESS = (
    "fragment A on MailingAddress{firstName lastName company address1 address2 city province provinceCode zip "
    "countryCodeV2 phone}"
)
_AMOUNTS = (
    "fragment M on MoneyBag{money:%s{amount currencyCode}} "
    "fragment T on TaxLine{title ratePercentage priceSet{...M}} "
    "fragment D on DiscountAllocation{allocatedAmountSet{...M} discountApplication{__typename index "
    "... on DiscountCodeApplication{code} ... on AutomaticDiscountApplication{title} "
    "... on ManualDiscountApplication{title} ... on ScriptDiscountApplication{title}}}"
)
_LINE = (
    "fragment L on LineItem{id name sku quantity currentQuantity requiresShipping originalUnitPriceSet{...M} "
    "originalTotalSet{...M} variant{legacyResourceId} taxLines{...T} "
    "discountAllocations{...D}}"
)
_ORDER = (
    "fragment R on Order{id legacyResourceId name processedAt updatedAt cancelledAt closed edited test tags "
    "refunds(first:20){id} displayFinancialStatus displayFulfillmentStatus fullyPaid taxesIncluded dutiesIncluded note "
    "email phone "
    "paymentGatewayNames totalPriceSet{...M} currentTotalPriceSet{...M} totalTaxSet{...M} currentTotalTaxSet{...M} "
    "originalTotalDutiesSet{...M} currentTotalDutiesSet{...M} currentTotalAdditionalFeesSet{...M} "
    "totalTipReceivedSet{...M} taxLines{...T} currentTaxLines{...T} additionalFees{name price{...M}} "
    "customer{legacyResourceId firstName lastName} billingAddress{...A} shippingAddress{...A} "
    "shippingLines(first:5){nodes{title originalPriceSet{...M} discountedPriceSet{...M} "
    "currentDiscountedPriceSet{...M} taxLines{...T} discountAllocations{...D}}} "
    "transactions(first:20){id kind status gateway processedAt amountSet{...M}} "
    "lineItems(first:$nested){pageInfo{hasNextPage endCursor} nodes{...L}}}"
)
_REFUND = (
    "fragment U on Refund{id legacyResourceId createdAt note totalRefundedSet{...M} "
    "refundLineItems(first:50){pageInfo{hasNextPage} nodes{quantity restockType subtotalSet{...M} totalTaxSet{...M} "
    "lineItem{id}}} refundShippingLines(first:5){nodes{subtotalAmountSet{...M} taxAmountSet{...M}}} "
    "transactions(first:10){nodes{status amountSet{...M}}}}"
)
_VARIANT = (
    "fragment V on ProductVariant{id legacyResourceId title sku barcode price updatedAt inventoryQuantity "
    "product{id legacyResourceId title status updatedAt hasOnlyDefaultVariant} inventoryItem{id tracked "
    'inventoryLevel(locationId:$location)@include(if:$located){quantities(names:["available"]){name quantity}}}}'
)
_CUSTOMER = (
    "fragment C on Customer{id legacyResourceId firstName lastName updatedAt defaultEmailAddress{emailAddress} "
    "defaultPhoneNumber{phoneNumber} defaultAddress{id ...A} addressesV2(first:$nested){nodes{...A}}}"
)
_BASKET = (
    "fragment B on AbandonedCheckout{id createdAt updatedAt completedAt taxesIncluded totalPriceSet{...M} "
    "totalTaxSet{...M} totalDiscountSet{...M} taxLines{...T} customer{legacyResourceId firstName lastName "
    "defaultEmailAddress{emailAddress}} lineItems(first:$nested){pageInfo{hasNextPage endCursor} "
    "nodes{...K}}}"
)
_BASKET_LINE = (
    "fragment K on AbandonedCheckoutLineItem{id title sku quantity originalUnitPriceSet{...M} "
    "originalTotalPriceSet{...M} variant{legacyResourceId}}"
)
_PRODUCT = "fragment P on Product{id updatedAt variants(first:$nested){pageInfo{hasNextPage endCursor} nodes{...V}}}"
_PAGE = "pageInfo{hasNextPage endCursor}"
_WHERE = "first:$first,after:$after,query:$q"
_VARIABLES = "$first:Int!,$after:String,$q:String"
_PLACE = "$location:ID!,$located:Boolean!"
SIDES: Final = {"customer": "presentmentMoney", "shop": "shopMoney"}


@dataclass(frozen=True, slots=True)
class Listing:
    """A connection of the API. `first` rows are asked for at once, each with `nested` rows of its own connection
    `inner`; both shrink where the shop finds the query too costly. `pages` and `by_ids` read it, `thin` only who is in
    it, `rest` reads on in the inner connection of one row. `where` is always part of the filter."""

    name: str
    type_name: str
    pages: str
    by_ids: str
    thin: str
    rest: str = ""
    inner: str = ""
    first: int = 25
    nested: int = 0
    placed: bool = False
    where: str = ""


def _listing(
    name: str,
    type_name: str,
    letter: str,
    fragments: str,
    arguments: str,
    first: int,
    *,
    nested: int = 0,
    inner: str = "",
    inner_letter: str = "",
    inner_fragments: str = "",
    placed: bool = False,
    where: str = "",
) -> Listing:
    more = (",$nested:Int!" if nested else "") + (f",{_PLACE}" if placed else "")
    place = f",{_PLACE}" if placed else ""
    return Listing(
        name,
        type_name,
        f"query Pages({_VARIABLES}{more}){{{name}({_WHERE},{arguments}){{{_PAGE} nodes{{...{letter}}}}}}} {fragments}",
        f"query ById($ids:[ID!]!{more}){{nodes(ids:$ids){{__typename ...{letter}}}}} {fragments}",
        f"query Thin({_VARIABLES}){{{name}({_WHERE},{arguments}){{{_PAGE} nodes{{id updatedAt}}}}}}",
        f"query Rest($id:ID!,$nested:Int!,$after:String!{place}){{node(id:$id){{... on {type_name}"
        f"{{inner:{inner}(first:$nested,after:$after){{{_PAGE} nodes{{...{inner_letter}}}}}}}}}}} {inner_fragments}"
        if inner
        else "",
        inner,
        first,
        nested,
        placed,
        where,
    )


def orders(side: str) -> Listing:
    """`side`: a key of `SIDES`."""
    amounts = _AMOUNTS % SIDES[side]
    return _listing(
        "orders",
        "Order",
        "R",
        f"{_ORDER} {_LINE} {amounts} {_ADDRESS}",
        "sortKey:UPDATED_AT",
        25,
        nested=20,
        inner="lineItems",
        inner_letter="L",
        inner_fragments=f"{_LINE} {amounts}",
    )


def baskets(side: str) -> Listing:
    amounts = (_AMOUNTS % SIDES[side]).partition(" fragment D ")[0]
    return _listing(
        "abandonedCheckouts",
        "AbandonedCheckout",
        "B",
        f"{_BASKET} {_BASKET_LINE} {amounts}",
        "sortKey:ID",
        25,
        nested=20,
        inner="lineItems",
        inner_letter="K",
        inner_fragments=f"{_BASKET_LINE} {amounts.partition(' fragment T ')[0]}",
    )


REFUNDS_AT_ONCE: Final = 5  # each with up to 50 lines: what a query may cost


def refunds(side: str) -> str:
    """The refunds with these ids, itemised."""
    money = (_AMOUNTS % SIDES[side]).partition(" fragment T ")[0]
    return f"query Refunds($ids:[ID!]!){{nodes(ids:$ids){{__typename ...U}}}} {_REFUND} {money}"


MOST_PARCELS: Final = 15
PARCELS: Final = (
    f"query Parcels($id:ID!){{order(id:$id){{id fulfillments(first:{MOST_PARCELS}){{id legacyResourceId status "
    "trackingInfo(first:2){number company} "
    "fulfillmentLineItems(first:15){pageInfo{hasNextPage} nodes{quantity lineItem{id}}}}}}"
)
TO_SHIP: Final = (
    "query ToShip($id:ID!){order(id:$id){id fulfillmentOrders(first:8){nodes{id status assignedLocation{location{id}} "
    "lineItems(first:50){pageInfo{hasNextPage} nodes{id remainingQuantity lineItem{id}}}}}}}"
)

CUSTOMERS: Final = _listing("customers", "Customer", "C", f"{_CUSTOMER} {_ADDRESS}", "sortKey:UPDATED_AT", 50, nested=5)
# Without a status the filter means active products only.
PRODUCTS: Final = _listing(
    "products",
    "Product",
    "P",
    f"{_PRODUCT} {_VARIANT}",
    "sortKey:UPDATED_AT",
    25,
    nested=20,
    inner="variants",
    inner_letter="V",
    inner_fragments=_VARIANT,
    placed=True,
    where="status:active,draft,archived,unlisted",
)
VARIANTS: Final = _listing("productVariants", "ProductVariant", "V", _VARIANT, "sortKey:ID", 100, placed=True)

SHOP: Final = (
    "query Shop{shop{name myshopifyDomain currencyCode ianaTimezone taxesIncluded} "
    "currentAppInstallation{accessScopes{handle}} publicApiVersions{handle supported}}"
)
LOCATIONS: Final = "query Locations{locations(first:250){nodes{id legacyResourceId name}}}"
COUNTS: Final = (
    "query Counts{ordersCount(limit:null){count precision} productVariantsCount(limit:null){count precision}}"
)
PRODUCT_BY_HANDLE: Final = (
    "query Made($handle:String!){productByIdentifier(identifier:{handle:$handle}){id variants(first:2){nodes{id "
    "legacyResourceId}}}}"
)
CUSTOMER_BY_EMAIL: Final = (
    "query Known($email:String!,$nested:Int!){customerByIdentifier(identifier:{emailAddress:$email}){...C}} "
    f"{_CUSTOMER} {_ADDRESS}"
)

_ERRORS = "userErrors{field message}"
_CODED = "userErrors{field message code}"
PRODUCT_SET: Final = (
    "mutation Make($handle:String!,$input:ProductSetInput!){done:productSet(synchronous:true,"
    "identifier:{handle:$handle},input:$input){product{id variants(first:2){nodes{id legacyResourceId}}} "
    f"{_CODED}}}}}"
)
PRODUCT_UPDATE: Final = (
    f"mutation Rename($product:ProductUpdateInput!){{done:productUpdate(product:$product){{product{{id}} {_ERRORS}}}}}"
)
VARIANTS_UPDATE: Final = (
    "mutation Change($id:ID!,$variants:[ProductVariantsBulkInput!]!){done:productVariantsBulkUpdate(productId:$id,"
    f"variants:$variants){{productVariants{{id}} {_CODED}}}}}"
)
_SET = "done:inventorySetQuantities(input:$input)"
STOCK_SET: Final = (
    f"mutation Stock($input:InventorySetQuantitiesInput!,$key:String!){{{_SET}@idempotent(key:$key)"
    f"{{inventoryAdjustmentGroup{{id}} {_CODED}}}}}"
)
STOCK_SET_BEFORE_2026: Final = (
    f"mutation Stock($input:InventorySetQuantitiesInput!){{{_SET}{{inventoryAdjustmentGroup{{id}} {_CODED}}}}}"
)
FULFIL: Final = (
    "mutation Ship($fulfillment:FulfillmentInput!){done:fulfillmentCreate(fulfillment:$fulfillment)"
    f"{{fulfillment{{id legacyResourceId}} {_ERRORS}}}}}"
)
CUSTOMER_CREATE: Final = (
    "mutation Welcome($input:CustomerInput!){done:customerCreate(input:$input){customer{id legacyResourceId} "
    f"{_ERRORS}}}}}"
)
CUSTOMER_UPDATE: Final = (
    f"mutation Customer($input:CustomerInput!){{done:customerUpdate(input:$input){{customer{{id}} {_ERRORS}}}}}"
)
ADDRESS_CREATE: Final = (
    "mutation Address($id:ID!,$address:MailingAddressInput!){done:customerAddressCreate(customerId:$id,"
    f"address:$address,setAsDefault:true){{address{{id}} {_ERRORS}}}}}"
)
ADDRESS_UPDATE: Final = (
    "mutation Address($id:ID!,$place:ID!,$address:MailingAddressInput!){done:customerAddressUpdate(customerId:$id,"
    f"addressId:$place,address:$address){{address{{id}} {_ERRORS}}}}}"
)


def every_document() -> dict[str, str]:
    """All documents by a name, for checking them against the published schema."""
    lists = {one.name: one for one in (orders("customer"), baskets("customer"), CUSTOMERS, PRODUCTS, VARIANTS)}
    lists |= {f"{one.name} in the shop's currency": one for one in (orders("shop"), baskets("shop"))}
    told = {
        f"{name}, {part}": getattr(one, part)
        for name, one in lists.items()
        for part in ("pages", "by_ids", "thin", "rest")
    }
    told |= {f"refunds, {side}": refunds(side) for side in SIDES}
    told |= {name: value for name, value in globals().items() if name.isupper() and isinstance(value, str)}
    return {name: text for name, text in told.items() if text and not name.startswith("_")}
