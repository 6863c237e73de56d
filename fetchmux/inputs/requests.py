"""From items to requests: each item that is not blank becomes one, numbered, with its fault if it has one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import msgspec

from fetchmux.errors import FetchError
from fetchmux.http.request import check_fields
from fetchmux.inputs.choice import column, place_of
from fetchmux.inputs.lines import MAX_LINE
from fetchmux.inputs.search import Template
from fetchmux.inputs.urls import Logins, UrlReader, bad_url, mask, veil, with_login
from fetchmux.model import Headers, Request, Url

Item = str | bytes | None
# Within it nothing can be too long.
_SHORT = MAX_LINE // 4

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What all requests of a run have in common.

    Attributes:
        template: makes a URL of a key; None when the items are URLs.
        column: which field of a line is the item, from 1, or its name in the first line; None: the whole line.
        logins: who to be at a host whose URL does not say.
        sha256: of the body that is expected.
    """

    method: str = "GET"
    headers: Headers = ()
    body: bytes = b""
    template: Template | None = None
    column: int | str | None = None
    logins: Logins | None = None
    sha256: str | None = None


class JsonItem(msgspec.Struct):
    """An item written as a JSON object: one of `url` and `key`, the rest replaces the recipe's."""

    url: str | None = None
    key: str | None = None
    method: str | None = None
    headers: dict[str, str | None] = {}
    body: str | None = None
    id: str | int | None = None
    sha256: str | None = None


def read_requests(items: Iterable[Item], recipe: Recipe) -> Iterator[Request | None]:
    """Yield a request for each item that is not blank; None passes through: nothing to read yet.

    An item is a URL, a key (with a template) or a JSON object; bytes are a line of a list, in which a URL that begins
    with # is a comment. Indexes count from 0 without gaps. Raises UsageError when no column has the name of the recipe.
    """
    if isinstance(recipe.column, str):
        items = iter(items)
        heading: str | bytes = b""
        for first in items:
            if first is not None:
                heading = first
                break
            yield None
        recipe = replace(recipe, column=place_of(recipe.column, _decode(heading)))
        # Each file of several has its own.
        items = (item for item in items if item != heading)
    reader = RequestReader(recipe)
    index = 0
    for item in items:
        if item is None:
            yield None
            continue
        text = _decode(item)
        if text[:1] == "#" and recipe.template is None and isinstance(item, bytes):
            continue
        if text and not text.isspace():
            yield reader.read(index, text)
            index += 1


class RequestReader:
    """Makes the requests of one run."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._urls = UrlReader()
        self._decode_json = msgspec.json.Decoder(JsonItem).decode

    def read(self, index: int, text: str) -> Request:
        """The request that `text` asks for, or one that carries its fault."""
        recipe = self._recipe
        if recipe.column is not None:
            assert isinstance(recipe.column, int)
            return self._read_column(index, text, recipe.column)
        return self._read(index, text.strip())

    def _read_column(self, index: int, line: str, number: int) -> Request:
        text = (column(line, number) or "").strip()
        if text:
            return self._read(index, text)
        return Request(index, veil(line.strip()), None, fault=bad_url(f"the line has no column {number}"))

    def _read(self, index: int, text: str) -> Request:
        recipe = self._recipe
        request = Request(index, text, None, recipe.method, recipe.headers, recipe.body, None, recipe.sha256)
        try:
            if not text or len(text) > _SHORT or not text.isascii():
                _check(text)
            if text[0] == "{":
                self._read_json(request, text)
            elif recipe.template is None:
                if "@" in text:
                    request.input = mask(text)
                request.url = self._read_url(text)
            else:
                request.url = self._read_url(recipe.template.fill(text))
        except FetchError as fault:
            request.fault = fault
            if request.url is None:
                request.input = veil(request.input)
        if not text.isprintable():
            request.input = request.input.encode("utf-8", "replace").decode()
        return request

    def _read_url(self, text: str) -> Url:
        url = self._urls.read(text)
        logins = self._recipe.logins
        return url if logins is None else with_login(url, logins)

    def _read_json(self, request: Request, text: str) -> None:
        try:
            item = self._decode_json(text)
        # The latter is what it raises for a nest that is deeper than Python's own stack may be.
        except (msgspec.MsgspecError, RecursionError) as error:
            raise bad_url(f"the line is no JSON object as expected: {error}") from None
        named = item.key if item.url is None else item.url
        if named is None or (item.url is not None and item.key is not None):
            raise bad_url('the JSON object needs either "url" or "key"')
        request.input = mask(named) if item.url is not None else named
        request.id = item.id
        request.method = item.method or request.method
        request.headers = _merge(request.headers, item.headers)
        request.body = request.body if item.body is None else item.body.encode()
        if item.sha256 is not None:
            if not is_sha256(item.sha256):
                raise bad_url('"sha256" is 64 hexadecimal digits')
            request.sha256 = item.sha256.lower()
        if item.url is None and self._recipe.template is None:
            raise bad_url("a key needs --search or --template")
        template = self._recipe.template
        url = named if item.url is not None or template is None else template.fill(named)
        request.url = self._read_url(url)
        check_fields(request.method, request.headers)


def is_sha256(text: str) -> bool:
    """Whether it can be the SHA-256 of something, in hexadecimal."""
    return _SHA256.fullmatch(text) is not None


def _merge(common: Headers, own: dict[str, str | None]) -> Headers:
    """The recipe's fields, with those of the item in their place."""
    if not own:
        return common
    replaced = {name.lower() for name in own}
    return (*(field for field in common if field[0].lower() not in replaced), *own.items())


def _decode(item: str | bytes) -> str:
    """Bytes that are no UTF-8 are kept apart from text, as the system's arguments are."""
    return item if isinstance(item, str) else item.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def _check(text: str) -> None:
    """Refuse what cannot be read whatever it means. Raises FetchError `bad-url`."""
    if not text:
        raise bad_url("there is nothing in it")
    # Four bytes are the most that a character takes; a line may have been cut after MAX_LINE bytes.
    if len(text) > _SHORT and len(text.encode("utf-8", "surrogatepass")) > MAX_LINE:
        raise bad_url(f"the line is longer than {MAX_LINE:,} bytes")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise bad_url("the line is not UTF-8")
