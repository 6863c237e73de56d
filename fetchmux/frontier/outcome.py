"""From the end of a job to its result: the one place where records are made."""

from __future__ import annotations

from fetchmux.errors import FetchError, Phase
from fetchmux.exchange import Exchange
from fetchmux.inputs.urls import mask
from fetchmux.model import Address, Failure, Job, Request, Result, Store, Timings
from fetchmux.policy.expectations import Expected


def of_exchange(exchange: Exchange, backend: str, expected: Expected | None = None) -> Result:
    """The result of a job whose last attempt has ended; `expected` says which statuses are a success."""
    job, collector, error = exchange.job, exchange.collector, exchange.error
    head = collector.head
    result = _blank(job.request, backend, job)
    if exchange.connected_at or (error is not None and error.phase is not Phase.CONNECT):
        result.remote_address = _spell(exchange.address)
    result.reused = exchange.reused
    result.body_size = collector.body_size
    result.wire_size = collector.wire_size
    result.timings = _timings(exchange)
    if head is not None:
        result.status, result.reason, result.http_version, result.headers = head
        if head.status > 200:
            result.headers = [_showable(*field) for field in head.fields]
    if job.sent:
        result.sent = job.sent
    if error is None:
        result.ok = head is not None and (expected is None or expected(head.status))
        if exchange.store is not None:
            _finish(exchange.store, result)
    else:
        result.error = _failure(error)
        if exchange.store is not None:
            exchange.store.drop()
    return result


def _showable(name: str, value: str) -> tuple[str, str]:
    """A field without the password that a server may have put into the place it sends us to."""
    return (name, mask(value)) if "@" in value and name.lower() == "location" else (name, value)


def _finish(store: Store, result: Result) -> None:
    """The body is whole; what could not be kept of it makes the result a failure."""
    try:
        store.finish(result)
    except FetchError as error:
        result.ok = False
        result.error = _failure(error)


def of_request(request: Request, error: FetchError, backend: str, job: Job | None = None) -> Result:
    """The result of an input that ended without an exchange: a bad URL, an unknown name, a cancelled run."""
    result = _blank(request, backend, job)
    result.error = _failure(error)
    if job is not None:
        result.timings.resolve = result.timings.total = job.resolving
    return result


def _blank(request: Request, backend: str, job: Job | None) -> Result:
    """What is known before anything has come back. All by place: naming 24 fields costs as much as filling them in."""
    url = None if request.url is None else request.url.text
    final, hops, attempts = (url, [], 0) if job is None else (job.url.text, job.hops, job.attempts)
    return Result(
        request.index, request.id, request.input, url, final, request.method,
        False, None, None, None, [], 0, 0, None,
        None, None, None, hops, attempts, None, False,
        Timings(), None, backend,
    )  # fmt: skip


def _failure(error: FetchError) -> Failure:
    return Failure(error.code, error.phase or Phase.INPUT, error.message)


def _timings(exchange: Exchange) -> Timings:
    """Differences of the stamps, of which the later ones may be missing: an attempt stands still where it failed."""
    job = exchange.job
    end = exchange.done_at
    connected = exchange.connected_at or end
    secured = end if exchange.shaking else exchange.secured_at or connected
    sent = exchange.sent_at or end
    first = exchange.first_at or end
    if first < sent:
        # A reply may begin before the request has been sent whole.
        first = sent
    started = exchange.started_at
    return Timings(
        queued=started - job.arrived - job.resolving,
        resolve=job.resolving,
        connect=connected - started,
        tls=secured - connected,
        send=sent - secured if sent > secured else 0.0,
        wait=first - sent,
        receive=end - first,
        total=end - job.arrived,
    )


def _spell(address: Address) -> str | None:
    if isinstance(address.sockaddr, str):
        # The path of a Unix socket; nothing where a peer connects by its own means and does not tell where.
        return address.sockaddr or None
    host, port = address.sockaddr[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
