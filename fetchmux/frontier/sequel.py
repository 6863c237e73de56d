"""What follows an attempt that has ended: its record, another address, another place, or another try later."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.exchange import Exchange
from fetchmux.inputs.urls import Logins, UrlReader, with_login
from fetchmux.model import Hop, Job, Known
from fetchmux.policy import conditions, redirects, retries
from fetchmux.policy.expectations import expected
from fetchmux.settings import Options


class Sequel(NamedTuple):
    """The job goes on.

    Attributes:
        after: seconds until it may; None: at once, before all others.
    """

    after: float | None = None


AT_ONCE = Sequel()

# Whether a 304 with these fields speaks of a body that was saved, and its file is still there.
Confirmed = Callable[[Known, list[tuple[str, str]]], bool]


class Sequels:
    """Decides, by the options of a run.

    Args:
        chance: uniform between 0 and 1, for jitter.
        calendar: seconds since the epoch, for dates that servers send.
        logins: the value of Authorization for a host that a redirect leads to, or None for nobody's.
        confirmed: judges answers about what is known; without it they all count.
    """

    def __init__(
        self,
        options: Options,
        chance: Callable[[], float],
        calendar: Callable[[], float],
        logins: Logins | None,
        confirmed: Confirmed | None,
    ) -> None:
        self._options = options
        self._wanted = expected(options) if options.expect_status else None
        self._logins = logins
        self._chance = chance
        self._calendar = calendar
        self._confirmed = confirmed
        self._urls = UrlReader()

    @staticmethod
    def none_after(exchange: Exchange) -> bool:
        """Whether it brought what was asked for, so that there is nothing to decide."""
        head = exchange.collector.head
        return exchange.error is None and head is not None and head.status < 300

    def after(self, exchange: Exchange, now: float) -> Sequel | None:
        """How the job goes on, which is changed for its next attempt; None: this was the last one.

        A redirect that cannot be followed becomes the error of the exchange.
        """
        if self.none_after(exchange):
            return None
        if exchange.error is None:
            known = exchange.job.request.known
            if known is not None and self._asked_in_vain(exchange, known):
                return AT_ONCE
            followed = self._redirect(exchange)
            if followed is not None or exchange.error is not None or self._is_wanted(exchange):
                return followed
        elif self._fresh_connection(exchange) or self._next_address(exchange):
            exchange.job.attempts -= 1
            return AT_ONCE
        head = exchange.collector.head
        return self._retry(
            exchange.job, exchange.error, None if head is None else head.status, self._asked_for(exchange), now
        )

    def after_lookup(self, job: Job, error: FetchError, now: float) -> Sequel | None:
        """How a job goes on whose name has no address; None: it has failed."""
        again = self._retry(job, error, None, None, now + retries.NAME_PAUSE)
        return None if again is None or again.after is None else Sequel(again.after + retries.NAME_PAUSE)

    def hush(self, exchange: Exchange) -> float:
        """Seconds for which nothing may start at its host, because the host asks for that, of whomever it says it to.

        Nought in a run that waits for nobody: one without retries, or one that has less time.
        """
        options, head = self._options, exchange.collector.head
        if not options.retries or head is None or head.status not in retries.PAUSING:
            return 0.0
        asked = self._asked_for(exchange) or 0.0
        longest = retries.LONGEST_ASKED if options.retry_max_time is None else options.retry_max_time
        return asked if asked <= longest else 0.0

    def too_late(self, job: Job, now: float) -> FetchError | None:
        """The failure of a job whose next attempt would begin after the time for retries."""
        setback, job.setback = job.setback, None
        most = self._options.retry_max_time
        return None if most is None or now - job.arrived <= most else setback

    def _is_wanted(self, exchange: Exchange) -> bool:
        """Whether its status is one that the user named: then nothing better will come."""
        head = exchange.collector.head
        return self._wanted is not None and head is not None and self._wanted(head.status)

    def _fresh_connection(self, exchange: Exchange) -> bool:
        """A reused connection that died before a byte of the reply: the server had closed it while it was idle."""
        if not exchange.reused or exchange.collector.wire_size or exchange.error is None:
            return False
        exchange.job.fresh = exchange.error.code in (Code.EMPTY_REPLY, Code.CONNECTION_LOST, Code.TLS_FAILED)
        return exchange.job.fresh

    def _next_address(self, exchange: Exchange) -> bool:
        """A host with several addresses is tried at each before it counts as failed."""
        job, error = exchange.job, exchange.error
        if error is None or error.phase is not Phase.CONNECT or error.code is Code.PROXY_FAILED:
            return False
        job.turn += 1
        return job.turn < len(job.addresses)

    def _asked_in_vain(self, exchange: Exchange, known: Known) -> bool:
        """Whether our own question has cost us the body: then the job is changed to ask for it without one."""
        job, head = exchange.job, exchange.collector.head
        if head is None or head.status not in conditions.WITHOUT_BODY or job.url.text != known.url:
            return False
        if head.status == 304 and (self._confirmed is None or self._confirmed(known, head.fields)):
            return False
        job.request = msgspec.structs.replace(job.request, known=None)
        job.headers = conditions.withdrawn(job.headers, known)
        job.attempts -= 1
        return True

    def _redirect(self, exchange: Exchange) -> Sequel | None:
        job, head = exchange.job, exchange.collector.head
        if not self._options.follow or head is None or head.status not in redirects.STATUSES:
            return None
        try:
            there = redirects.follow(head, job.url, job.method, job.headers, job.body, self._urls)
            if there is None:
                return None
            if len(job.hops) >= self._options.max_redirects:
                message = f"more than {self._options.max_redirects} redirects"
                raise FetchError(Code.TOO_MANY_REDIRECTS, message, Phase.HEAD)
        except FetchError as error:
            exchange.error = error
            return None
        self._carry_cookies(job, head.fields, there.url.text)
        job.hops.append(Hop(job.url.text, head.status))
        job.url, job.method, job.headers, job.body = there
        if job.request.known is not None:
            job.headers = conditions.at(job.url, job.headers, job.request.known)
        if self._logins is not None and job.url.authorization is None:
            job.url = with_login(job.url, self._logins)
        job.addresses, job.turn = (), 0
        job.attempts -= 1
        return AT_ONCE

    def _carry_cookies(self, job: Job, fields: list[tuple[str, str]], url: str) -> None:
        """Keep the cookies of this hop for the later ones; loads the library of cookies only for who gets one."""
        if job.cookies is None and any(name.lower() == "set-cookie" for name, _ in fields):
            from fetchmux.policy.cookies import Cookies

            job.cookies = Cookies()
        if job.cookies is not None:
            job.cookies.take(fields, job.url.text)

    def _retry(
        self, job: Job, error: FetchError | None, status: int | None, asked: float | None, now: float
    ) -> Sequel | None:
        """Another attempt after a pause, of `asked` seconds where the server has said."""
        options = self._options
        if job.attempts > options.retries:
            return None
        if not retries.worth_it(job.method, error, status, every_method=options.retry_all):
            return None
        after = retries.pause(job.attempts, self._chance) if asked is None else asked
        if options.retry_max_time is None:
            if after > retries.LONGEST_ASKED:
                return None
        elif now + after - job.arrived > options.retry_max_time:
            return None
        else:
            # The pause fits in; what is to be waited for behind it, a slot or a pace, may not.
            job.setback = error or FetchError(Code.TIMEOUT, f"no time was left after status {status}", Phase.HEAD)
        job.turn = 0
        return Sequel(after)

    def _asked_for(self, exchange: Exchange) -> float | None:
        """The pause that the server asks for."""
        head = exchange.collector.head
        if exchange.error is not None or head is None:
            return None
        value = next((value for name, value in head.fields if name.lower() == "retry-after"), None)
        return None if value is None else retries.retry_after(value, self._calendar())
