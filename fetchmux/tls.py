"""TLS as a wrapper: the surface of an exchange, with ssl.MemoryBIO between the strategy's bytes and the exchange's.

Knows the record layer's two pipes, certificates and sessions. Must not know sockets: a strategy carries a
TlsExchange exactly as it carries an Exchange, and cannot tell them apart.
"""

from __future__ import annotations

import ssl
import warnings

from fetchmux.errors import Code, FetchError, Phase, UsageError
from fetchmux.exchange import Carried, Exchange
from fetchmux.model import Origin
from fetchmux.settings import TlsOptions
from fetchmux.wrapper import Wrapper

_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_READ = 64 * 1024
# Sessions are large, and hosts may be many.
_MOST_SESSIONS = 1_024
# A large request is encrypted in pieces, so that its progress is seen and its memory is not doubled.
_PIECE = 64 * 1024


class Contexts:
    """Certificates and remembered sessions of one run. Raises UsageError when a file of `options` cannot be used."""

    def __init__(self, options: TlsOptions) -> None:
        self._context = _context(options)
        self._sessions: dict[Origin, ssl.SSLSession] = {}

    def wrap(self, exchange: Exchange, predecessor: Carried | None) -> TlsExchange:
        """Seal `exchange`: on its predecessor's channel, or on a new one that resumes the origin's last session."""
        inner = getattr(predecessor, "inner", predecessor)
        if isinstance(inner, TlsExchange):
            return TlsExchange(exchange, inner.channel)
        return TlsExchange(exchange, Channel(self._context, exchange.job.url.origin, self._sessions))


class Channel:
    """The TLS state of one connection; it outlives an exchange when a successor follows on the same socket.

    Attributes:
        outgoing: sealed bytes that are still to be sent.
        established: the handshake is over.
    """

    def __init__(self, context: ssl.SSLContext, origin: Origin, sessions: dict[Origin, ssl.SSLSession]) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._origin = origin
        self._sessions = sessions
        # Certificates hold names without the dot of the root (RFC 6066, 3).
        name = origin.name[0].removesuffix(".")
        try:
            self._tls = context.wrap_bio(
                self._incoming, self._outgoing, server_hostname=name, session=sessions.get(origin)
            )
        except (ValueError, ssl.SSLError):
            raise FetchError(Code.TLS_FAILED, "no certificate can hold this name", Phase.TLS) from None
        self.outgoing = b""
        self.established = False

    def shake(self) -> None:
        """Take the handshake as far as the bytes so far allow. Raises FetchError `tls-failed`."""
        try:
            self._tls.do_handshake()
            self.established = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise _tls_failed(error) from None
        finally:
            self._drain()

    def seal(self, data: bytes | memoryview) -> bool:
        """Encrypt bytes of the request. False while the peer wants to renegotiate first: try again when it has spoken.

        Raises FetchError `tls-failed`.
        """
        try:
            self._tls.write(data)
            return True
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise _tls_failed(error) from None
        finally:
            self._drain()

    def receive(self, data: bytes) -> None:
        """Take bytes from the wire; b"" is the end of the stream."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def read(self) -> bytes | None:
        """Decrypted bytes; b"" when the peer said that it has finished; None when more must arrive.

        Raises EOFError where the stream ended without a word, FetchError `tls-failed` for a broken record.
        """
        try:
            return self._tls.read(_READ)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return b""
        except ssl.SSLEOFError:
            raise EOFError from None
        except ssl.SSLError as error:
            raise _tls_failed(error) from None
        finally:
            self._drain()

    def remember(self) -> None:
        """Keep the session for the next connection to this origin."""
        if self._tls.session is not None:
            self._sessions.pop(self._origin, None)
            self._sessions[self._origin] = self._tls.session
            if len(self._sessions) > _MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]

    def _drain(self) -> None:
        if self._outgoing.pending:
            self.outgoing += self._outgoing.read()


class TlsExchange(Wrapper):
    """An exchange whose bytes are sealed on the way; a strategy carries it as it carries any other."""

    __slots__ = ("_sealed", "_spoilt", "channel")

    def __init__(self, core: Exchange, channel: Channel) -> None:
        super().__init__(core)
        self.channel = channel
        self._sealed = 0
        self._spoilt = False
        if channel.established:
            self._seal()
        else:
            core.shaking = True
            self._shake()

    @property
    def reusable(self) -> bool:
        """Like an exchange's, and no decrypted bytes are left over."""
        return not self._spoilt and self.core.reusable

    @property
    def outgoing(self) -> bytes:
        return self.channel.outgoing

    def sent(self, count: int) -> None:
        self.channel.outgoing = self.channel.outgoing[count:]
        if not self.channel.outgoing and self._sealed:
            self.core.sent(self._sealed)
            self._sealed = 0
            self._seal()

    def feed(self, data: bytes) -> None:
        self.channel.receive(data)
        if self.core.shaking:
            self._shake()
        if not self.core.shaking:
            self._unseal()
            if not self.core.done and not self._sealed:
                self._seal()

    def fail(self, exception: BaseException) -> None:
        self.core.fail(exception)
        if not self.core.done:
            # The peer takes no more of the request; what it has answered is still to be read.
            self.channel.outgoing = b""
            self._sealed = 0

    def _shake(self) -> None:
        try:
            self.channel.shake()
        except FetchError as error:
            self.core.fail(error)
            return
        if self.channel.established:
            self.core.secured()
            self._seal()

    def _seal(self) -> None:
        """Encrypt the next piece of the request: a large one goes out piece by piece."""
        piece = self.core.outgoing[:_PIECE]
        try:
            if piece and self.channel.seal(piece):
                self._sealed = len(piece)
        except FetchError as error:
            self.core.fail(error)

    def _unseal(self) -> None:
        """Hand what can be decrypted to the exchange."""
        try:
            while not self.core.done and (plain := self.channel.read()) is not None:
                self.core.feed(plain)
        except EOFError:
            self._cut_off()
        except FetchError as error:
            self.core.fail(error)
        if self.core.done and self.core.error is None:
            self.channel.remember()
            self._spoilt = not self._at_rest()

    def _at_rest(self) -> bool:
        """Whether a successor may follow: reads the tickets behind a reply, and finds what must not reach another."""
        try:
            return self.channel.read() is None
        except (EOFError, FetchError):
            return False

    def _cut_off(self) -> None:
        """The stream ended without close_notify: whoever cut it may have torn a body that only an end ends."""
        if self.core.collector.open_ended:
            message = "the connection ended without a close_notify"
            self.core.fail(FetchError(Code.TRUNCATED_BODY, message, Phase.BODY))
        else:
            self.core.feed(b"")


def _context(options: TlsOptions) -> ssl.SSLContext:
    context = _trusting(options.cacert)
    if options.cert is not None:
        try:
            context.load_cert_chain(options.cert, options.key)
        except OSError as error:
            files = repr(options.cert) if options.key is None else f"{options.cert!r} and {options.key!r}"
            raise _unusable(files, error) from None
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        # Python warns of old versions whoever asks for them; here the user did.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _VERSIONS[options.minimum]
    return context


def _trusting(cacert: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=cacert)
    except OSError as error:
        raise _unusable(repr(cacert), error) from None


def _unusable(files: str, error: OSError) -> UsageError:
    reason = getattr(error, "reason", None)
    words = reason.lower().replace("_", " ") if reason else error.strerror or str(error)
    return UsageError(f"cannot use the certificates in {files}: {words}")


def _tls_failed(error: ssl.SSLError) -> FetchError:
    """The failure in words: what is wrong with the certificate, or OpenSSL's reason."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return FetchError(Code.TLS_FAILED, f"the certificate is not trusted: {error.verify_message}", Phase.TLS)
    if isinstance(error, ssl.SSLEOFError):
        return FetchError(Code.TLS_FAILED, "the server closed the connection during the handshake", Phase.TLS)
    reason = (error.reason or str(error)).lower().replace("_", " ")
    return FetchError(Code.TLS_FAILED, f"TLS failed: {reason}", Phase.TLS)
