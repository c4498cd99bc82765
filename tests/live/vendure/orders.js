'use strict';
// Orders of the test shop: placed as a shopper through the shop API, then handled as staff through the admin API.
const { ERROR, Session, operation } = require('./api');
const { PASSWORD, addressOf, guest } = require('./customers');

const ORDER = `... on Order{id code state} ${ERROR}`;

/** The plan: what is bought by whom, and what happens afterwards. The same for the same `random`. */
function orderPlans(random) {
    const afterwards = [
        'none', 'deliver', 'ship', 'none', 'partial', 'deliver', 'cancel', 'refund', 'ship', 'none', 'authorized', 'deliver',
        'surcharge', 'cancelPart', 'refund', 'authorized', 'partialDeliver', 'rebate', 'deliver', 'settleLater',
    ];
    const coupons = [null, null, null, 'TEN', null, 'FIVER', null, 'SHIPFREE'];
    const shipping = ['standard', 'standard', 'express', 'collect', 'odd'];
    const choose = list => list[Math.floor(random() * list.length)];
    return Array.from({ length: 60 }, (_, at) => ({
        at,
        channel: at % 10 === 4 ? 'eu' : at % 10 === 8 ? 'jp' : null,
        buyer: at % 4 === 1 ? { guest: 1 + (at >> 2) } : { customer: Math.floor(random() * 30) },
        lines: Array.from({ length: 1 + Math.floor(random() * 4) }, () => [random(), 1 + Math.floor(random() * 5)]),
        coupons: at % 10 === 4 || at % 10 === 8 ? [] : at === 30 ? ['TEN', 'FIVER'] : [coupons[at % 8]].filter(Boolean),
        // One yen order is posted at a price made for pence, so that its total is no whole number of yen.
        shipping: at % 10 === 8 && at !== 38 ? 'yen' : at === 38 ? 'standard' : choose(shipping),
        afterwards: afterwards[at % afterwards.length],
    }));
}

/** Goes through the checkout as far as `until`: 'basket' | 'arranging' | 'placed'. Returns {id, code, state}. */
async function shopFor(address, plan, world, until) {
    const shop = new Session(address, 'shop-api', plan.channel);
    const buyer = plan.buyer.guest ? guest(plan.buyer.guest) : world.customers[plan.buyer.customer];
    if (!plan.buyer.guest) {
        await shop.ask('mutation($u:String!,$p:String!){login(username:$u,password:$p){... on CurrentUser{id} ... on ErrorResult{errorCode message}}}', { u: buyer.emailAddress, p: PASSWORD });
    }
    const choice = plan.channel ? world.sellable.slice(0, 12) : world.sellable;
    let order;
    for (const [share, quantity] of plan.lines) {
        const variant = choice[Math.floor(share * choice.length)];
        order = (await shop.ask(`mutation($v:ID!,$q:Int!){addItemToOrder(productVariantId:$v,quantity:$q){${ORDER}}}`, { v: variant.id, q: quantity })).addItemToOrder;
    }
    for (const code of plan.coupons) {
        await shop.ask(`mutation($c:String!){applyCouponCode(couponCode:$c){${ORDER}}}`, { c: code });
    }
    if (plan.buyer.guest) {
        const { firstName, lastName, emailAddress } = buyer;
        await shop.run('setCustomerForOrder', 'CreateCustomerInput!', { firstName, lastName, emailAddress }, ORDER);
    }
    if (until === 'basket') return order;
    await shop.run('setOrderShippingAddress', 'CreateAddressInput!', addressOf(buyer, buyer.number), ORDER);
    if (plan.at % 2) await shop.run('setOrderBillingAddress', 'CreateAddressInput!', addressOf(buyer, buyer.number + 50), ORDER);
    await shop.run('setOrderShippingMethod', '[ID!]!', [world.shipping[plan.shipping]], ORDER, 'shippingMethodId');
    order = await shop.run('transitionOrderToState', 'String!', 'ArrangingPayment', `... on Order{id code state} ... on OrderStateTransitionError{errorCode message transitionError}`, 'state');
    if (until === 'arranging') return order;
    const method = ['authorized', 'settleLater'].includes(plan.afterwards) ? 'reserve' : 'card';
    return shop.run('addPaymentToOrder', 'PaymentInput!', { method, metadata: {} }, ORDER);
}

async function fulfil(admin, orderId, lines, last) {
    const made = await admin.run('addFulfillmentToOrder', 'FulfillOrderInput!', {
        lines, handler: operation('manual-fulfillment', { method: 'Royal Mail', trackingCode: `RM${100000 + Number(orderId)}GB` }),
    }, `... on Fulfillment{id} ${ERROR}`);
    for (const state of last === 'Delivered' ? ['Shipped', 'Delivered'] : ['Shipped']) {
        await admin.ask(`mutation($i:ID!,$s:String!){transitionFulfillmentToState(id:$i,state:$s){... on Fulfillment{id} ${ERROR}}}`, { i: made.id, s: state });
    }
}

async function moveTo(admin, id, state) {
    await admin.ask(`mutation($i:ID!,$s:String!){transitionOrderToState(id:$i,state:$s){... on Order{id} ... on OrderStateTransitionError{errorCode message transitionError}}}`, { i: id, s: state });
}

async function modify(admin, orderId, surcharge, refund) {
    await moveTo(admin, orderId, 'Modifying');
    await admin.run('modifyOrder', 'ModifyOrderInput!', { dryRun: false, orderId, surcharges: [surcharge], refunds: refund ? [refund] : undefined }, ORDER);
    if (refund) return moveTo(admin, orderId, 'PaymentSettled');
    await moveTo(admin, orderId, 'ArrangingAdditionalPayment');
    await admin.run('addManualPaymentToOrder', 'ManualPaymentInput!', { orderId, method: 'bank transfer', transactionId: `BT-${orderId}`, metadata: {} }, ORDER);
    return moveTo(admin, orderId, 'PaymentSettled');
}

/** Does as staff what the plan says happens after the order was placed. */
async function handle(admin, orderId, afterwards) {
    const { order } = await admin.ask('query($i:ID!){order(id:$i){lines{id quantity} payments{id amount}}}', { i: orderId });
    const all = order.lines.map(line => ({ orderLineId: line.id, quantity: line.quantity }));
    const one = [{ orderLineId: order.lines[0].id, quantity: 1 }];
    const [payment] = order.payments;
    const refund = amount => admin.run('refundOrder', 'RefundOrderInput!', { paymentId: payment.id, amount, lines: [], shipping: 0, adjustment: 0, reason: 'broken on arrival' }, `... on Refund{id} ${ERROR}`);
    const cancel = lines => admin.run('cancelOrder', 'CancelOrderInput!', { orderId, lines, reason: 'changed mind', cancelShipping: !lines }, ORDER);
    const deeds = {
        ship: () => fulfil(admin, orderId, all, 'Shipped'),
        deliver: () => fulfil(admin, orderId, all, 'Delivered'),
        partial: () => fulfil(admin, orderId, one, 'Shipped'),
        partialDeliver: () => fulfil(admin, orderId, one, 'Delivered'),
        cancel: () => cancel(undefined),
        cancelPart: () => cancel(one),
        refund: () => refund(Math.floor(payment.amount / 3)),
        settleLater: () => admin.ask(`mutation($i:ID!){settlePayment(id:$i){... on Payment{id} ${ERROR}}}`, { i: payment.id }),
        surcharge: () => modify(admin, orderId, { description: 'Gift wrap', sku: 'WRAP', price: 350, priceIncludesTax: true, taxRate: 20, taxDescription: 'Standard' }),
        rebate: () => modify(admin, orderId, { description: 'Goodwill', price: -100, priceIncludesTax: false, taxRate: 20, taxDescription: 'Standard' }, { paymentId: payment.id, amount: 120, reason: 'Goodwill' }),
    };
    if (deeds[afterwards]) await deeds[afterwards]();
}

/** One order that staff is still writing, and one that a customer's phone call left without address. */
async function createDrafts(admin, world) {
    const { createDraftOrder: draft } = await admin.ask('mutation{createDraftOrder{id}}');
    await admin.ask(`mutation($o:ID!,$i:AddItemToDraftOrderInput!){addItemToDraftOrder(orderId:$o,input:$i){${ORDER}}}`, { o: draft.id, i: { productVariantId: world.sellable[3].id, quantity: 2 } });
    await admin.ask(`mutation($o:ID!,$c:ID!){setCustomerForDraftOrder(orderId:$o,customerId:$c){${ORDER}}}`, { o: draft.id, c: world.customers[1].id });
    return draft;
}

module.exports = { createDrafts, handle, orderPlans, shopFor };
