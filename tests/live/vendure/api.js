'use strict';
// The little GraphQL client with which the seed script acts as the shop's staff and its customers.

/** One session with the admin or shop API; keeps the bearer token and speaks for one channel. */
class Session {
    constructor(address, path, channelToken = null) {
        this.url = `${address}/${path}`;
        this.channelToken = channelToken;
        this.bearer = null;
    }

    /** The `data` of the answer. Throws on GraphQL errors and on error results (`errorCode`) of a mutation. */
    async ask(query, variables = {}) {
        const headers = { 'content-type': 'application/json' };
        if (this.bearer) headers.authorization = `Bearer ${this.bearer}`;
        if (this.channelToken) headers['vendure-token'] = this.channelToken;
        const reply = await fetch(this.url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
        this.bearer = reply.headers.get('vendure-auth-token') || this.bearer;
        const { data, errors } = await reply.json();
        if (errors) throw new Error(`${query}: ${JSON.stringify(errors)}`);
        for (const [name, result] of Object.entries(data)) {
            if (result && result.errorCode) throw new Error(`${name}: ${result.errorCode} ${JSON.stringify(result)}`);
        }
        return data;
    }

    /** Runs the mutation `name(argument: $input)` and returns its result; `fields` may hold fragments. */
    async run(name, inputType, input, fields, argument = 'input') {
        return (await this.ask(`mutation($v:${inputType}){${name}(${argument}:$v){${fields}}}`, { v: input }))[name];
    }
}

const ERROR = '... on ErrorResult{errorCode message}';

/** A configurable operation (shipping calculator, promotion action, …): code and arguments as text. */
function operation(code, args = {}) {
    return { code, arguments: Object.entries(args).map(([name, value]) => ({ name, value: String(value) })) };
}

module.exports = { ERROR, Session, operation };
