"""From the end of a job to its result: the one place where records are made."""

from __future__ import annotations

from fetchmux.errors import FetchError, Phase
from fetchmux.exchange import Exchange
from fetchmux.model import Address, Failure, Job, Request, Result, Timings


def of_exchange(exchange: Exchange, backend: str, *, fail: bool) -> Result:
    """The result of a job whose last attempt has ended."""
    job, collector, error = exchange.job, exchange.collector, exchange.error
    head = collector.head
    result = _blank(job.request, backend)
    _follow(result, job)
    if exchange.connected_at or (error is not None and error.phase is not Phase.CONNECT):
        result.remote_address = _spell(exchange.address)
    result.reused = exchange.reused
    result.body_size = collector.body_size
    result.wire_size = collector.wire_size
    result.timings = _timings(exchange)
    if head is not None:
        result.status, result.reason, result.http_version, result.headers = head
    if error is None:
        result.ok = head is not None and not (fail and head.status >= 400)
        if exchange.store is not None:
            exchange.store.finish(result)
    else:
        result.error = _failure(error)
        if exchange.store is not None:
            exchange.store.drop()
    return result


def of_request(request: Request, error: FetchError, backend: str, job: Job | None = None) -> Result:
    """The result of an input that ended without an exchange: a bad URL, an unknown name, a cancelled run."""
    result = _blank(request, backend)
    result.error = _failure(error)
    if job is not None:
        _follow(result, job)
        result.timings.resolve = result.timings.total = job.resolving
    return result


def _follow(result: Result, job: Job) -> None:
    """What the job tells of its way."""
    result.final_url = job.url.text
    result.attempts = job.attempts
    result.redirects = job.hops


def _blank(request: Request, backend: str) -> Result:
    url = None if request.url is None else request.url.text
    return Result(
        index=request.index, id=request.id, input=request.input, url=url, final_url=url, method=request.method,
        ok=False, status=None, reason=None, http_version=None, headers=[], body_size=0, wire_size=0, body=None,
        body_encoding=None, sha256=None, saved_to=None, redirects=[], attempts=0, remote_address=None, reused=False,
        timings=Timings(), error=None, backend=backend,
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
    # A reply may begin before the request has been sent whole.
    first = max(exchange.first_at or end, sent) if sent < end else end
    return Timings(
        queued=exchange.started_at - job.arrived - job.resolving,
        resolve=job.resolving,
        connect=connected - exchange.started_at,
        tls=secured - connected,
        send=max(sent - secured, 0.0),
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
