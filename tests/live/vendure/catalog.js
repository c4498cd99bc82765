'use strict';
// Countries, taxes, channels, shipping, payment, coupons and the goods of the test shop.
const { operation } = require('./api');

const COUNTRIES = [
    ['United Kingdom', 'GB', 'Europe'], ['Ireland', 'IE', 'Europe'], ['Germany', 'DE', 'Europe'],
    ['France', 'FR', 'Europe'], ['Japan', 'JP', 'Asia'], ['United States of America', 'US', 'Americas'],
];

const INITIAL_DATA = {
    defaultLanguage: 'en',
    defaultZone: 'Europe',
    countries: COUNTRIES.map(([name, code, zone]) => ({ name, code, zone })),
    taxRates: [
        { name: 'Standard', percentage: 20 }, { name: 'Reduced', percentage: 5 }, { name: 'Zero', percentage: 0 },
    ],
    shippingMethods: [],
    paymentMethods: [
        { name: 'Card', handler: operation('dummy-payment-handler', { automaticSettle: true }) },
        { name: 'Reserve', handler: operation('dummy-payment-handler', { automaticSettle: false }) },
    ],
    collections: [],
    roles: [],
};

// name shown, price in minor units, is the price gross?, tax rate
const SHIPPING = [
    ['standard', 'Standard post', 495, 'include', 20],
    ['express', 'Express — next day', 1299, 'exclude', 20],
    ['collect', 'Click & collect', 0, 'auto', 0],
    ['odd', 'Courier (odd rate)', 777, 'include', 17.5],
    ['yen', 'Japan post', 50000, 'include', 10],
];

// Names as real and as hostile people type them: markup, escape sequences, right-to-left, zero width, very long.
const ODD_NAMES = [
    'Tag [/foo] [bold]not bold[/bold]', 'Escape \u001b[31mred\u001b[0m \u001b]52;c;aGk=\u0007 end', 'מברשת צבע \u202eltr', 'قلم حبر أزرق',
    'Zero\u200bwidth\u200djoin', '=HYPERLINK("http://example.test","x")', '<script>alert(1)</script>', "O'Brien & Söhne \"Größe\" 50%",
    '日本茶 抹茶 🍵', `Very long ${'name '.repeat(40)}end`, 'Line\nbreak\tand tab', 'Ünïcödé Ærø Łódź ẞ',
];

// SKUs that break link-by-code: empty (twice), blanks around, only digits, other case, doubled, slash, formula.
const ODD_SKUS = ['', '', ' SKU-PAD ', '00042', 'sku-001', 'SKU-002', 'A/B\\C?d=1&e', '=1+1', 'SKU-ÄÖÜ', 'X'.repeat(200), 'SKU 12', '-'];

const PLAIN = ['Plant pot', 'Desk lamp', 'Tea towel', 'Garden fork', 'Notebook', 'Candle', 'Mug', 'Door mat', 'Bread knife', 'Wool blanket'];
const SIZES = ['S', 'M', 'L'];

/** The products as data: [{name, variants: [{sku, price, tax: 0|1|2, stock, size?}]}], the same for the same `random`. */
function products(random) {
    const price = () => 199 + Math.floor(random() * 9000);
    const stock = () => 40 + Math.floor(random() * 160);
    const list = [];
    for (let number = 1; number <= 44; number += 1) {
        const sku = `SKU-${String(number).padStart(3, '0')}`;
        list.push({ name: `${PLAIN[number % PLAIN.length]} ${number}`, variants: [{ sku, price: price(), tax: number % 7 === 0 ? 1 : number % 11 === 0 ? 2 : 0, stock: stock() }] });
    }
    for (let number = 1; number <= 8; number += 1) {
        const base = price();
        list.push({ name: `T-shirt ${number}`, variants: SIZES.map((size, at) => ({ sku: `TS-${number}-${size}`, price: base + at * 100, tax: 0, stock: stock(), size })) });
    }
    ODD_NAMES.forEach((name, at) => list.push({ name, variants: [{ sku: ODD_SKUS[at], price: price(), tax: at % 3, stock: stock() }] }));
    list.push({ name: 'Sold out', variants: [{ sku: 'SKU-NONE', price: 999, tax: 0, stock: 0 }] });
    list.push({ name: 'Not tracked', variants: [{ sku: 'SKU-FREE', price: 1, tax: 0, stock: 0, tracked: false }] });
    list.push({ name: 'Switched off', enabled: false, variants: [{ sku: 'SKU-OFF', price: 1500, tax: 0, stock: 7 }] });
    return list;
}

/** The default channel in GBP with gross prices, shipping methods, lower Asian tax rates. Returns {shipping: {code: id}, zones, taxCategories: [id]}. */
async function setUpTrade(admin) {
    const { zones, taxRates, taxCategories } = await admin.ask(
        '{zones{items{id name}} taxRates(options:{take:100}){items{id name}} taxCategories{items{id name}}}',
    );
    for (const [name, value] of [['Standard Asia', 10], ['Reduced Asia', 8]]) {
        const { id } = taxRates.items.find(rate => rate.name === name);
        await admin.run('updateTaxRate', 'UpdateTaxRateInput!', { id, value }, 'id');
    }
    const { activeChannel } = await admin.ask('{activeChannel{id}}');
    await admin.run('updateChannel', 'UpdateChannelInput!', {
        id: activeChannel.id, availableCurrencyCodes: ['GBP'], defaultCurrencyCode: 'GBP', pricesIncludeTax: true,
    }, '... on Channel{id} ... on ErrorResult{errorCode message}');
    const shipping = {};
    for (const [code, name, rate, includesTax, taxRate] of SHIPPING) {
        const made = await admin.run('createShippingMethod', 'CreateShippingMethodInput!', {
            code,
            fulfillmentHandler: 'manual-fulfillment',
            checker: operation('default-shipping-eligibility-checker', { orderMinimum: 0 }),
            calculator: operation('default-shipping-calculator', { rate, includesTax, taxRate }),
            translations: [{ languageCode: 'en', name, description: name }],
        }, 'id');
        shipping[code] = made.id;
    }
    const byName = Object.fromEntries(zones.items.map(zone => [zone.name, zone.id]));
    const categories = ['Standard', 'Reduced', 'Zero'].map(name => taxCategories.items.find(found => found.name === name).id);
    return { shipping, zones: byName, taxCategories: categories };
}

/** Coupons TEN (10 %), FIVER (5.00 off), SHIPFREE, and 15 % off one variant for everybody. */
async function setUpPromotions(admin, discountedVariantId) {
    const promotions = [
        ['Ten percent off', 'TEN', 'order_percentage_discount', { discount: 10 }],
        ['Five off', 'FIVER', 'order_fixed_discount', { discount: 500 }],
        ['Free shipping', 'SHIPFREE', 'free_shipping', {}],
        ['15 % off the desk lamp', null, 'products_percentage_discount', { discount: 15, productVariantIds: JSON.stringify([discountedVariantId]) }],
    ];
    for (const [name, couponCode, code, args] of promotions) {
        await admin.run('createPromotion', 'CreatePromotionInput!', {
            enabled: true,
            couponCode,
            conditions: couponCode ? [] : [operation('minimum_order_amount', { amount: 1, taxInclusive: true })],
            actions: [operation(code, args)],
            translations: [{ languageCode: 'en', name }],
        }, '... on Promotion{id} ... on ErrorResult{errorCode message}');
    }
}

/** Creates one product with its variants; the second and later variants need an option each. Returns ids. */
async function createProduct(admin, product, at, taxCategories) {
    const { id } = await admin.run('createProduct', 'CreateProductInput!', {
        enabled: product.enabled !== false,
        translations: [{ languageCode: 'en', name: product.name, slug: `p-${at}`, description: `Made up: ${product.name}` }],
    }, 'id');
    let options = [];
    if (product.variants.length > 1) {
        const group = await admin.run('createProductOptionGroup', 'CreateProductOptionGroupInput!', {
            code: `size-${at}`,
            translations: [{ languageCode: 'en', name: 'Size' }],
            options: product.variants.map(({ size }) => ({ code: size.toLowerCase(), translations: [{ languageCode: 'en', name: size }] })),
        }, 'id options{id code}');
        await admin.ask('mutation($p:ID!,$g:ID!){addOptionGroupToProduct(productId:$p,optionGroupId:$g){id}}', { p: id, g: group.id });
        options = product.variants.map(({ size }) => group.options.find(option => option.code === size.toLowerCase()).id);
    }
    const made = await admin.run('createProductVariants', '[CreateProductVariantInput!]!', product.variants.map((variant, index) => ({
        productId: id,
        sku: variant.sku,
        price: variant.price,
        stockOnHand: variant.stock,
        trackInventory: variant.tracked === false ? 'FALSE' : 'TRUE',
        taxCategoryId: taxCategories[variant.tax],
        optionIds: options.length ? [options[index]] : [],
        translations: [{ languageCode: 'en', name: variant.size ? `${product.name} ${variant.size}` : product.name }],
    })), 'id sku price');
    return { id, variants: product.variants.map((variant, index) => ({ ...variant, id: made[index].id })) };
}

/** Channels "eu" (EUR, net prices) and "jp" (JPY, gross prices) with the first 12 products each. */
async function setUpChannels(admin, trade, goods) {
    const some = goods.slice(0, 12);
    const shippingMethodIds = Object.values(trade.shipping);
    const { paymentMethods, stockLocations } = await admin.ask('{paymentMethods{items{id}} stockLocations{items{id}}}');
    const channels = [['eu', 'EUR', false, trade.zones.Europe, 1.2], ['jp', 'JPY', true, trade.zones.Asia, 190]];
    for (const [token, currency, pricesIncludeTax, zone, factor] of channels) {
        const { id } = await admin.run('createChannel', 'CreateChannelInput!', {
            code: token, token, pricesIncludeTax, defaultLanguageCode: 'en', defaultCurrencyCode: currency, currencyCode: currency, // which 2.0 wants
            availableCurrencyCodes: [currency], defaultTaxZoneId: zone, defaultShippingZoneId: zone,
        }, '... on Channel{id} ... on ErrorResult{errorCode message}');
        await admin.run('assignStockLocationsToChannel', 'AssignStockLocationsToChannelInput!', { channelId: id, stockLocationIds: stockLocations.items.map(row => row.id) }, 'id');
        await admin.run('assignShippingMethodsToChannel', 'AssignShippingMethodsToChannelInput!', { channelId: id, shippingMethodIds }, 'id');
        await admin.run('assignPaymentMethodsToChannel', 'AssignPaymentMethodsToChannelInput!', { channelId: id, paymentMethodIds: paymentMethods.items.map(row => row.id) }, 'id');
        await admin.run('assignProductsToChannel', 'AssignProductsToChannelInput!', { channelId: id, productIds: some.map(row => row.id), priceFactor: 1 }, 'id');
        // Vendure keeps JPY in hundredths as well (moneyStrategyPrecision 2): whole yen are multiples of 100.
        const step = currency === 'JPY' ? 100 : 1;
        const prices = some.map(({ variants: [variant] }) => ({ id: variant.id, price: Math.round((variant.price * factor) / step) * step }));
        admin.channelToken = token;
        await admin.run('updateProductVariants', '[UpdateProductVariantInput!]!', prices, 'id');
        admin.channelToken = null;
    }
}

module.exports = { COUNTRIES, INITIAL_DATA, createProduct, products, setUpChannels, setUpPromotions, setUpTrade };
