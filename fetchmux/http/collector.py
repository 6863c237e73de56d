"""The collector: bytes of one response in, a head and a body out. Every strategy feeds the same one.

Knows the order of things (interim heads, the head, the body, what follows it) and the limits on their sizes. Must not
know where bytes come from or when: `feed` gives the same answer for a whole response and for one byte at a time.
"""

from __future__ import annotations

from fetchmux.errors import Code, FetchError, Phase
from fetchmux.http.codings import Decoder, open_decoder
from fetchmux.http.framing import BodyReader, LengthBody, StreamBody, choose_reader, persists, telling
from fetchmux.http.head import END_OF_HEAD, Head, malformed, parse_head
from fetchmux.model import Store

_START = b"HTTP/"


class Collector:
    """Collects one response; with `decode`, content codings are undone and `max_body` holds for what comes out.

    Attributes:
        complete: the whole response has arrived.
        head: None until the final head has been read.
        body_size: bytes of body so far, decoded; wire_size: all bytes so far, heads and framing included.
    """

    __slots__ = ("_buffer", "_decode", "_decoder", "_max_body", "_max_head", "_method", "_reader", "_spent", "_store",
                 "_told", "body_size", "complete", "head", "wire_size")  # fmt: skip

    def __init__(
        self, method: str, store: Store | None, max_head: int, max_body: int | None, decode: bool = False
    ) -> None:
        self.complete = False
        self.head: Head | None = None
        self.body_size = 0
        self.wire_size = 0
        self._method = method
        self._store = store
        self._max_head = max_head
        self._max_body = max_body
        self._buffer = b""
        self._spent = 0
        self._reader: BodyReader | None = None
        self._told: list[tuple[str, str]] = []
        self._decode = decode
        self._decoder: Decoder | None = None

    def feed(self, data: bytes) -> None:
        """Take what arrived; b"" is the end of the stream. Raises FetchError; nothing may be fed after that."""
        if not data:
            self._end()
            return
        self.wire_size += len(data)
        if self._reader is None:
            data = self._read_heads(data)
            if self._reader is None:
                return
        reader = self._reader
        body = reader.read(data) if data else b""
        if body:
            if self._decoder is None:
                self._deliver(body)
            else:
                for piece in self._decoder.decode(body):
                    self._deliver(piece)
        if reader.complete:
            # Whether more had arrived already is chance; it belongs to no response.
            self.wire_size -= len(reader.rest)
            self._finish()

    @property
    def persistent(self) -> bool:
        """Whether the server lets the connection live on and nothing but this response has come from it."""
        head, reader = self.head, self._reader
        if not self.complete or head is None or reader is None or reader.rest or isinstance(reader, StreamBody):
            return False
        return persists(head.version, self._told)

    @property
    def open_ended(self) -> bool:
        """Whether nothing but the end of the stream ends the body."""
        return isinstance(self._reader, StreamBody)

    def _read_heads(self, data: bytes) -> bytes:
        """Read heads up to the final one; return the bytes after it, or b"" while it is not whole."""
        searched = 0
        if self._buffer:
            # An empty line may have been cut in two: look again at the last three bytes.
            searched = max(0, len(self._buffer) - 3)
            data = self._buffer + data
            self._buffer = b""
        while self._reader is None:
            if not data.startswith(_START) and not _START.startswith(data):
                raise malformed("the reply is not HTTP/1.x (HTTP/0.9 is not taken)")
            found = END_OF_HEAD.search(data, searched)
            end = len(data) if found is None else found.end()
            if self._spent + end > self._max_head:
                raise FetchError(Code.HEAD_TOO_LARGE, f"the head is larger than {self._max_head:,} bytes", Phase.HEAD)
            if found is None:
                self._buffer = data
                return b""
            self._take_head(parse_head(data[: found.start() + 1]))
            # Interim heads count towards the limit, so that an endless row of them ends.
            self._spent += end
            data, searched = data[end:], 0
        return data

    def _take_head(self, head: Head) -> None:
        if head.status < 200:
            return
        self.head = head
        self._told = told = telling(head.fields)
        self._reader = reader = choose_reader(self._method, head.status, told)
        self.complete = reader.complete
        if self._decode and not reader.complete:
            self._decoder = open_decoder(head.fields, self._max_body)
        if self._max_body is not None and isinstance(reader, LengthBody) and self._decoder is None:
            self._check_size(reader.length, self._max_body)

    def _deliver(self, body: bytes) -> None:
        self.body_size += len(body)
        if self._max_body is not None:
            self._check_size(self.body_size, self._max_body)
        if self._store is not None:
            self._store.write(body)

    @staticmethod
    def _check_size(size: int, most: int) -> None:
        if size > most:
            raise FetchError(Code.BODY_TOO_LARGE, f"the body is larger than {most:,} bytes", Phase.BODY)

    def _end(self) -> None:
        if self._reader is not None:
            self._reader.end()
            self._finish()
        elif self.wire_size == 0:
            raise FetchError(Code.EMPTY_REPLY, "the server closed the connection without a byte", Phase.HEAD)
        else:
            message = "the server closed the connection in the middle of the head"
            raise FetchError(Code.CONNECTION_LOST, message, Phase.HEAD)

    def _finish(self) -> None:
        """The framing says that the body is whole; a coding may know better."""
        if self._decoder is not None:
            self._decoder.end()
        self.complete = True
