"""Read access to the virtual hosts of a RabbitMQ server, through the HTTP API of its management plugin."""

from urllib.parse import quote, unquote

from hallpass import failure, guarded, request
from wit_world import exports
from wit_world.exports.grants import Mark, Observation, Outcome_Settled, Presence, Settled
from wit_world.imports.types import Attribute, FailureKind

# What a user with this access may do in the virtual host: read every queue, write and configure nothing.
READ = {"configure": "^$", "write": "^$", "read": ".*"}


def permission(inv, want):
    """The permission of the holding's account on the holding's virtual host, as the server has it."""
    vhost = unquote(want.resource().removeprefix("vhost:"))
    return f"{inv.setting('url')}/api/permissions/{quote(vhost, safe='')}/{quote(want.account(), safe='')}"


def current(url):
    """None where the account has no permission there."""
    status, held = request("GET", url, expected=(404,))
    if status == 404:
        return None
    if isinstance(held, dict) and all(isinstance(held.get(right), str) for right in READ):
        return held
    raise failure(
        FailureKind.UNAVAILABLE,
        "no-permission",
        "the target answered something that is no permission: is `url` its management API?",
    )


def is_ours(held):
    return all(held.get(right) == pattern for right, pattern in READ.items())


def settled(want, already):
    return Outcome_Settled(Settled(locator=want.resource(), already=already, replaced=[]))


class Grants(exports.Grants):
    @guarded
    def apply(self, inv, want, continuation):
        url = permission(inv, want)
        held = current(url)
        if held and not is_ours(held):
            raise failure(
                FailureKind.CONFLICT,
                "other-permission",
                f"{want.account()} has another permission there: remove it, or ask for nothing",
            )
        if not held and not inv.dry_run():
            request("PUT", url, body=READ)
        return settled(want, already=held is not None)

    @guarded
    def revoke(self, inv, want, continuation):
        url = permission(inv, want)
        held = current(url)
        if held and not is_ours(held):
            raise failure(
                FailureKind.CONFLICT,
                "other-permission",
                f"{want.account()} was given another permission there: remove it by hand",
            )
        if held and not inv.dry_run():
            request("DELETE", url, expected=(404,))
        return settled(want, already=held is None)

    @guarded
    def observe(self, inv, want):
        held = current(permission(inv, want))
        presence = Presence.PRESENT if held and is_ours(held) else Presence.ABSENT
        details = [Attribute(name, str(value)) for name, value in (held or {}).items()]
        return Observation(presence, Mark.UNMARKED, locator=want.resource(), until=None, details=details)


class Health(exports.Health):
    @guarded
    def check(self, inv):
        _, user = request("GET", f"{inv.setting('url')}/api/whoami")
        tags = user["tags"]  # a list in new versions, words with commas between them in old ones
        if "administrator" not in (tags.split(",") if isinstance(tags, str) else tags):
            raise failure(
                FailureKind.FORBIDDEN,
                "no-administrator",
                f"the user {user['name']} needs the tag administrator to give permissions",
            )
