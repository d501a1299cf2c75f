"""Small helpers for connectors in Python. Yours to change."""

import functools
import json
from urllib.parse import urlsplit

from componentize_py_types import Err, Ok
from wit_world.imports import outgoing_handler
from wit_world.imports.http_types import (
    ErrorCode_HttpRequestDenied,
    ErrorCode_HttpResponseTimeout,
    Fields,
    IncomingBody,
    Method_Delete,
    Method_Get,
    Method_Patch,
    Method_Post,
    Method_Put,
    OutgoingBody,
    OutgoingRequest,
    Scheme_Http,
    Scheme_Https,
)
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.types import Effect, Failure, FailureKind

METHODS = {"GET": Method_Get, "PUT": Method_Put, "POST": Method_Post, "PATCH": Method_Patch, "DELETE": Method_Delete}
KINDS = {
    400: FailureKind.INVALID_INPUT,
    401: FailureKind.UNAUTHENTICATED,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    409: FailureKind.CONFLICT,
    429: FailureKind.RATE_LIMITED,
}


def failure(kind, code, message, effect=Effect.NONE, retry_after_ms=None):
    """A failure of the contract, to be raised.

    `code` is a stable word, `message` one sentence for a person with the cause and the remedy. `effect` says what the call left in
    the target: NONE is a promise.
    """
    return Err(Failure(kind, code, message, effect, retry_after_ms))


def guarded(method):
    """A method whose unforeseen errors reach the broker as failures, instead of ending the call without a word."""

    @functools.wraps(method)
    def guard(*args):
        try:
            return method(*args)
        except Err:
            raise
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise failure(FailureKind.INTERNAL, "unexpected-error", said, Effect.UNKNOWN) from None

    return guard


def request(method, url, body=None, expected=()):
    """Sends a request and gives its status and JSON body.

    An answer that is neither a success nor one of `expected` is raised as a failure. The host adds the credential; this code never
    sees it.
    """
    where = f"{method} {urlsplit(url).path}"
    doubt = Effect.NONE if method == "GET" else Effect.UNKNOWN
    try:
        status, headers, data = _send(method, url, None if body is None else json.dumps(body).encode())
    except Err as error:
        if isinstance(error.value, ErrorCode_HttpRequestDenied):
            said = f"{where} is no request that the manifest declares for this call: the broker's log says why"
            raise failure(FailureKind.FORBIDDEN, "request-refused", said) from None
        # It may have arrived: only a look can tell.
        late = isinstance(error.value, ErrorCode_HttpResponseTimeout)
        kind = FailureKind.TIMEOUT if late else FailureKind.UNAVAILABLE
        raise failure(kind, "no-answer", f"{where} got no answer: {error.value}", doubt) from None
    if not 200 <= status < 300 and status not in expected:
        kind = KINDS.get(status, FailureKind.UNAVAILABLE)
        wait = headers.get("retry-after", "")
        raise failure(
            kind,
            f"http-{status}",
            f"{where} answered {status}",
            doubt if status >= 500 else Effect.NONE,
            int(wait) * 1000 if wait.isdigit() else None,
        )
    if not data:
        return status, None
    try:
        return status, json.loads(data)
    except ValueError:
        raise failure(FailureKind.UNAVAILABLE, "no-json", f"{where} answered something that is not JSON", doubt) from None


def _send(method, url, data):
    parts = urlsplit(url)
    headers = [] if data is None else [("content-type", b"application/json"), ("content-length", str(len(data)).encode())]
    outgoing = OutgoingRequest(Fields.from_list(headers))
    outgoing.set_method(METHODS[method]())
    outgoing.set_scheme(Scheme_Http() if parts.scheme == "http" else Scheme_Https())
    outgoing.set_authority(parts.netloc)
    outgoing.set_path_with_query(parts.path + (f"?{parts.query}" if parts.query else ""))
    sink = outgoing.body()
    coming = outgoing_handler.handle(outgoing, None)
    if data is not None:
        with sink.write() as stream:
            for start in range(0, len(data), 4096):  # as much as one call takes
                stream.blocking_write_and_flush(data[start : start + 4096])
    OutgoingBody.finish(sink, None)
    with coming.subscribe() as ready:
        ready.block()
    answer = coming.get()
    if not isinstance(answer, Ok):
        raise answer
    if not isinstance(answer.value, Ok):
        raise answer.value
    incoming = answer.value.value
    fields = {name.lower(): value.decode("latin-1") for name, value in incoming.headers().entries()}
    return incoming.status(), fields, _read(incoming.consume())


def _read(body):
    read = bytearray()
    with body.stream() as stream:
        while True:
            try:
                read += stream.blocking_read(65536)
            except Err as error:
                if isinstance(error.value, StreamError_Closed):
                    break
                raise
    IncomingBody.finish(body)
    return bytes(read)
