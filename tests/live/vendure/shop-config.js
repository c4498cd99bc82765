'use strict';
// The shop's settings: what `npm create vendure` gives, minus everything that needs a server or the network.
const crypto = require('node:crypto');
const bcrypt = require('bcrypt');
const {
    Customer, DefaultGuestCheckoutStrategy, DefaultLogger, LanguageCode, LogLevel, TransactionalConnection,
    dummyPaymentHandler, ChannelService,
} = require('@vendure/core');

const SUPERADMIN = { identifier: 'superadmin', password: 'superadmin-test-only' };

/** Real bcrypt with few rounds: 12 rounds, the default, cost half a second for every customer and every log-in. */
class QuickBcrypt {
    hash(plaintext) {
        return bcrypt.hash(plaintext, 4);
    }
    check(plaintext, hash) {
        return bcrypt.compare(plaintext, hash);
    }
}

/**
 * A guest who types the e-mail of a registered customer gets a customer record of their own, as many carts do.
 * The stock strategy would overwrite the registered customer's name instead. Guests without account are stock.
 */
class SeparateGuests extends DefaultGuestCheckoutStrategy {
    init(injector) {
        super.init(injector);
        this.connection = injector.get(TransactionalConnection);
        this.channels = injector.get(ChannelService);
    }
    async setCustomerForOrder(ctx, order, input) {
        const repository = this.connection.getRepository(ctx, Customer);
        const same = await repository.find({ where: { emailAddress: input.emailAddress } });
        if (!same.some(customer => customer.user)) {
            return super.setCustomerForOrder(ctx, order, input);
        }
        const guest = same.find(customer => !customer.user);
        if (guest) {
            return guest;
        }
        const fresh = await this.channels.assignToCurrentChannel(new Customer(input), ctx);
        return repository.save(fresh);
    }
}

/** Numbers that are the same on every run with the same seed (mulberry32). */
function randomFrom(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
}

/** Order codes: repeatable while seeding, unguessable and never repeated afterwards. */
function orderCodes(seed) {
    const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
    const random = seed === null ? () => crypto.randomInt(alphabet.length) / alphabet.length : randomFrom(seed);
    return { generate: () => Array.from({ length: 16 }, () => alphabet[Math.floor(random() * alphabet.length)]).join('') };
}

/**
 * port 0 = the system picks one. synchronize = create the tables (seeding only). seed = null for a running shop.
 * The database lives in memory: nothing is written to `database` unless `saveDatabase` is called.
 */
function shopConfig({ port, database, synchronize, seed }) {
    return {
        apiOptions: { hostname: '127.0.0.1', port, cors: false, adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
        authOptions: {
            tokenMethod: ['bearer', 'api-key'],
            superadminCredentials: SUPERADMIN,
            requireVerification: false,
            passwordHashingStrategy: new QuickBcrypt(),
        },
        dbConnectionOptions: { type: 'sqljs', location: database, autoSave: false, synchronize, logging: false },
        defaultLanguageCode: LanguageCode.en,
        logger: new DefaultLogger({ level: LogLevel.Warn, timestamp: true }),
        orderOptions: {
            guestCheckoutStrategy: new SeparateGuests({ allowGuestCheckoutForRegisteredCustomers: true }),
            orderCodeStrategy: orderCodes(seed),
        },
        paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    };
}

/** Writes the whole in-memory database to its file. */
async function saveDatabase(app) {
    await app.get(TransactionalConnection).rawConnection.driver.save();
}

/** http://127.0.0.1:PORT of a started shop. */
function addressOf(app) {
    return `http://127.0.0.1:${app.getHttpServer().address().port}`;
}

module.exports = { SUPERADMIN, addressOf, randomFrom, saveDatabase, shopConfig };
