// Read access to the virtual hosts of a RabbitMQ server, through the HTTP API of its management plugin.
import { failure, guarded, request } from './hallpass.js';

// What a user with this access may do in the virtual host: read every queue, write and configure nothing.
const READ = { configure: '^$', write: '^$', read: '.*' };

/** The permission of the holding's account on the holding's virtual host, as the server has it. */
function permission(inv, want) {
  const vhost = decodeURIComponent(want.resource().replace(/^vhost:/, ''));
  return `${inv.setting('url')}/api/permissions/${encodeURIComponent(vhost)}/${encodeURIComponent(want.account())}`;
}

/** Undefined where the account has no permission there. */
async function current(url) {
  const { status, json } = await request('GET', url, { expected: [404] });
  if (status === 404) return undefined;
  if (Object.keys(READ).every((right) => typeof json?.[right] === 'string')) return json;
  throw failure('unavailable', 'no-permission', 'the target answered something that is no permission: is `url` its management API?');
}

const isOurs = (held) => Object.entries(READ).every(([right, pattern]) => held[right] === pattern);
const settled = (want, already) => ({ tag: 'settled', val: { locator: want.resource(), already, replaced: [] } });

export const grants = guarded({
  async apply(inv, want, _continuation) {
    const url = permission(inv, want);
    const held = await current(url);
    if (held && !isOurs(held)) {
      throw failure('conflict', 'other-permission', `${want.account()} has another permission there: remove it, or ask for nothing`);
    }
    if (!held && !inv.dryRun()) await request('PUT', url, { body: READ });
    return settled(want, held !== undefined);
  },

  async revoke(inv, want, _continuation) {
    const url = permission(inv, want);
    const held = await current(url);
    if (held && !isOurs(held)) {
      throw failure('conflict', 'other-permission', `${want.account()} was given another permission there: remove it by hand`);
    }
    if (held && !inv.dryRun()) await request('DELETE', url, { expected: [404] });
    return settled(want, held === undefined);
  },

  async observe(inv, want) {
    const held = await current(permission(inv, want));
    const details = Object.entries(held ?? {}).map(([name, value]) => ({ name, value: String(value) }));
    return { presence: held && isOurs(held) ? 'present' : 'absent', mark: 'unmarked', locator: want.resource(), until: undefined, details };
  },
});

export const health = guarded({
  async check(inv) {
    const { json } = await request('GET', `${inv.setting('url')}/api/whoami`);
    // A list in new versions, words with commas between them in old ones.
    if (!String(json.tags).split(',').includes('administrator')) {
      throw failure('forbidden', 'no-administrator', `the user ${json.name} needs the tag administrator to give permissions`);
    }
  },
});
