'use strict';
// Fills a new shop and writes its database file and a manifest of what is in it.
// CARTUI_SHOP_DATABASE = file to write, CARTUI_SHOP_MANIFEST = JSON file to write, CARTUI_SHOP_SEED = number (default 2),
// CARTUI_SHOP_OTHER_VERSION = not the version this was written for: what it can't do to an order is left out.
process.env.VENDURE_DISABLE_TELEMETRY = 'true';
const fs = require('node:fs');
const { JobQueueService, TransactionalConnection, bootstrap } = require('@vendure/core');
const { populateInitialData } = require('@vendure/core/cli');
const { ERROR, Session } = require('./api');
const { INITIAL_DATA, createProduct, products, setUpChannels, setUpPromotions, setUpTrade } = require('./catalog');
const { createCustomers } = require('./customers');
const { createDrafts, handle, orderPlans, shopFor } = require('./orders');
const { SUPERADMIN, addressOf, randomFrom, saveDatabase, shopConfig } = require('./shop-config');

const FIRST_ORDER_AT = Date.UTC(2026, 0, 5, 8, 0, 0);
const HOUR = 3600_000;

async function logIn(address) {
    const admin = new Session(address, 'admin-api');
    await admin.ask(`mutation($u:String!,$p:String!){login(username:$u,password:$p){... on CurrentUser{id} ${ERROR}}}`, { u: SUPERADMIN.identifier, p: SUPERADMIN.password });
    return admin;
}

/** 'YYYY-MM-DD HH:MM:SS' in UTC, as sql.js keeps createdAt and updatedAt. */
function stamp(milliseconds) {
    return new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ');
}

// What moves an order's updatedAt after the sale. Everything else - shipping, collecting, refunding - does not.
const MOVES_UPDATED_AT = ['cancel', 'cancelPart', 'surcharge', 'rebate'];

/**
 * Moves the orders to fixed days of early 2026, 17 hours apart, two of them in the same second, with Vendure's own
 * relation on a database with fine stamps: updatedAt is before orderPlacedAt unless something moved it afterwards.
 * (sql.js cuts updatedAt to the second, which would leave the relation to chance.)
 */
async function backdate(connection, plans) {
    for (const { at, orderId, afterwards } of plans) {
        const placed = FIRST_ORDER_AT + (at === 11 ? 10 : at) * 17 * HOUR;
        const later = MOVES_UPDATED_AT.includes(afterwards);
        await connection.query('UPDATE "order" SET createdAt = ?, updatedAt = ?, orderPlacedAt = ? WHERE id = ?', [
            stamp(placed - HOUR), stamp(later ? placed + 26 * HOUR : placed - 1000), `${stamp(placed)}.000`, orderId,
        ]);
        await connection.query('UPDATE payment SET createdAt = ?, updatedAt = ? WHERE orderId = ?', [stamp(placed), stamp(placed), orderId]);
        await connection.query('UPDATE order_line SET createdAt = ?, updatedAt = ? WHERE orderId = ?', [stamp(placed - HOUR), stamp(placed), orderId]);
        await connection.query(
            'UPDATE fulfillment SET createdAt = ?, updatedAt = ? WHERE id IN (SELECT fulfillmentId FROM order_fulfillments_fulfillment WHERE orderId = ?)',
            [stamp(placed + 24 * HOUR), stamp(placed + 25 * HOUR), orderId],
        );
    }
    for (const [table, hour] of [['product', 0], ['product_variant', 1], ['customer', 2]]) {
        await connection.query(`UPDATE ${table} SET createdAt = datetime('2026-01-02 00:00:00', '+' || id || ' minutes'), updatedAt = datetime('2026-01-02 0${hour}:00:30', '+' || id || ' minutes')`);
    }
}

/** The whole content. Returns the manifest. */
async function fill(app, address, seed) {
    const random = randomFrom(seed);
    await populateInitialData(app, INITIAL_DATA);
    const admin = await logIn(address);
    const trade = await setUpTrade(admin);
    const goods = [];
    for (const [index, product] of products(random).entries()) {
        goods.push(await createProduct(admin, product, index + 1, trade.taxCategories));
    }
    await setUpPromotions(admin, goods[0].variants[0].id);
    await setUpChannels(admin, trade, goods);
    const customers = await createCustomers(admin);
    const sellable = goods.filter(row => row.enabled !== false).flatMap(row => row.variants).filter(variant => variant.stock > 30);
    const world = { customers, sellable, shipping: trade.shipping };
    const plans = orderPlans(random);
    for (const plan of plans) {
        const placed = await shopFor(address, plan, world, 'placed');
        plan.orderId = placed.id;
        // Staff must speak for the order's own channel: modifyOrder recalculates with the prices of the channel asked.
        admin.channelToken = plan.channel;
        try {
            await handle(admin, placed.id, plan.afterwards);
        } catch (error) {
            if (!process.env.CARTUI_SHOP_OTHER_VERSION) throw error;
            console.error(`${plan.afterwards}: ${error}`);
            plan.afterwards = null;
        }
        admin.channelToken = null;
    }
    const open = orderPlans(random).slice(0, 8);
    for (const [index, plan] of open.entries()) {
        await shopFor(address, { ...plan, channel: null, coupons: [] }, world, index < 6 ? 'basket' : 'arranging');
    }
    await createDrafts(admin, world);
    await backdate(app.get(TransactionalConnection).rawConnection, plans);
    return manifest(admin, plans);
}

async function manifest(admin, plans) {
    const { orders, products: list, customers, productVariants } = await admin.ask(
        '{orders(options:{take:500,sort:{id:ASC}}){totalItems items{id code state active currencyCode totalWithTax orderPlacedAt}} products{totalItems} customers{totalItems} productVariants{totalItems}}',
    );
    const plan = Object.fromEntries(plans.map(row => [row.orderId, row.afterwards]));
    return {
        products: list.totalItems, variants: productVariants.totalItems, customers: customers.totalItems,
        orders: orders.items.map(order => ({ ...order, afterwards: plan[order.id] || null })),
    };
}

async function main() {
    const seed = Number(process.env.CARTUI_SHOP_SEED || 2);
    const app = await bootstrap(shopConfig({ port: 0, database: process.env.CARTUI_SHOP_DATABASE, synchronize: true, seed }));
    await app.get(JobQueueService).start();
    const filled = await fill(app, addressOf(app), seed);
    await saveDatabase(app);
    fs.writeFileSync(process.env.CARTUI_SHOP_MANIFEST, JSON.stringify(filled, null, 1) + '\n');
    process.exit(0);
}

main().catch(error => {
    console.error(error);
    process.exit(1);
});
