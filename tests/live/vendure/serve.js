'use strict';
// Starts the seeded shop. CARTUI_SHOP_DATABASE = its sql.js file, CARTUI_SHOP_PORT = port (0: any).
// Writes its address and log-in to the JSON file CARTUI_SHOP_READY once it answers. The line "stop" on stdin saves
// the database and ends it; stdin closing ends it without saving, so that no shop outlives a test run that was killed.
process.env.VENDURE_DISABLE_TELEMETRY = 'true';
const fs = require('node:fs');
const readline = require('node:readline');
const { JobQueueService, bootstrap } = require('@vendure/core');
const { SUPERADMIN, addressOf, saveDatabase, shopConfig } = require('./shop-config');

async function main() {
    const app = await bootstrap(
        shopConfig({
            port: Number(process.env.CARTUI_SHOP_PORT || 0),
            database: process.env.CARTUI_SHOP_DATABASE,
            synchronize: false,
            seed: null,
        }),
    );
    await app.get(JobQueueService).start();
    readline.createInterface({ input: process.stdin }).on('line', async line => {
        if (line.trim() === 'stop') {
            await saveDatabase(app);
            process.exit(0);
        }
    });
    process.stdin.on('end', () => process.exit(0));
    const ready = process.env.CARTUI_SHOP_READY;
    fs.writeFileSync(`${ready}.partial`, JSON.stringify({ address: addressOf(app), ...SUPERADMIN }) + '\n');
    fs.renameSync(`${ready}.partial`, ready);
}

main().catch(error => {
    console.error(error);
    process.exit(1);
});
