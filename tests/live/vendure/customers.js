'use strict';
// Registered customers and guests of the test shop.

const FIRST = ['Ada', 'Brian', 'Chloé', 'Dmitri', 'Eve', 'Fátima', 'Göran', 'Hana', 'Ivo', 'Jürgen'];
const LAST = ['Lovelace', "O'Neill", 'Łukasz', 'Ng', 'de la Cruz', 'Smith', '山田', 'Øst', 'Brown', 'García'];
const ODD = [['[/foo]', '[red]Markup[/red]'], ['Esc \u001b[31m', 'Bell\u0007'], ['\u202eאבג', 'דהו'], ['', 'OnlyLast'], ['=cmd()', '@SUM(1)']];
const PLACES = [['Leeds', 'LS1 1AA', 'GB'], ['Dublin', 'D02 X285', 'IE'], ['Berlin', '10115', 'DE'], ['Paris', '75001', 'FR'], ['東京', '100-0001', 'JP']];
const PASSWORD = 'customer-test-only';

/** An address as the shop API takes it; the same for the same number. */
function addressOf(person, number) {
    const [city, postalCode, countryCode] = PLACES[number % PLACES.length];
    return {
        fullName: `${person.firstName} ${person.lastName}`.trim(), streetLine1: `${number} High Street`, streetLine2: number % 4 === 0 ? 'Flat [/b]' : '',
        company: number % 5 === 0 ? 'Acme & Sons' : '', city, postalCode, countryCode, phoneNumber: number % 3 === 0 ? `+44 20 7946 0${100 + number}` : '',
    };
}

/** Person number 1…30; from 26 on with odd names. */
function person(number) {
    const [firstName, lastName] = number > 25 ? ODD[number - 26] : [FIRST[number % 10], LAST[(number * 3) % 10]];
    return { firstName, lastName, emailAddress: `buyer${String(number).padStart(3, '0')}@example.test` };
}

/** Creates 30 registered customers with a password, most with an address. Returns them with `id`. */
async function createCustomers(admin) {
    const made = [];
    for (let number = 1; number <= 30; number += 1) {
        const input = person(number);
        const { createCustomer } = await admin.ask(
            'mutation($i:CreateCustomerInput!,$p:String){createCustomer(input:$i,password:$p){... on Customer{id} ... on ErrorResult{errorCode message}}}',
            { i: input, p: PASSWORD },
        );
        if (number % 6 !== 0) {
            const address = { ...addressOf(input, number), defaultShippingAddress: true, defaultBillingAddress: true };
            await admin.ask('mutation($c:ID!,$a:CreateAddressInput!){createCustomerAddress(customerId:$c,input:$a){id}}', { c: createCustomer.id, a: address });
        }
        made.push({ ...input, id: createCustomer.id, number });
    }
    return made;
}

/** Guest number 1…: every third one types the e-mail of registered customer `number`. */
function guest(number) {
    const emailAddress = number % 3 === 0 ? person(number).emailAddress : `guest${number}@example.test`;
    return { firstName: `Guest${number}`, lastName: LAST[number % 10], emailAddress, number };
}

module.exports = { PASSWORD, addressOf, createCustomers, guest };
