"""From options to what all requests of a run have in common: method, fields, body, template.

Knows curl's rules of what implies what. Must not know where the inputs come from.
"""

from __future__ import annotations

from fetchmux.cli.given import Given
from fetchmux.errors import FetchError, UsageError
from fetchmux.inputs.requests import Recipe
from fetchmux.inputs.search import ENGINES, Template
from fetchmux.inputs.urls import Logins, UrlReader, mask
from fetchmux.model import Headers

_FORM = ("Content-Type", "application/x-www-form-urlencoded")


def recipe(given: Given) -> Recipe:
    """What the options say about every request. Raises UsageError."""
    parts = given.data or given.data_binary
    method = given.request or ("HEAD" if given.head else "POST" if parts else "GET")
    headers, body = _headers(given, form=bool(parts)), b"&".join(parts)
    return Recipe(method, headers, body, _template(given), given.column, _logins(given), given.expect_sha256)


def _headers(given: Given, *, form: bool) -> Headers:
    """The user's own fields, and before them those that other options imply, unless the user wrote them too."""
    fields = tuple(field for fields in given.header for field in fields)
    implied = (given.user_agent or ()) + ((_FORM,) if form else ())
    written = {name.lower() for name, _ in fields}
    return tuple(field for field in implied if field[0].lower() not in written) + fields


def _logins(given: Given) -> Logins | None:
    if not given.netrc and given.netrc_file is None:
        return None
    from fetchmux.inputs.logins import Netrc

    return Netrc(given.netrc_file).authorization


def _template(given: Given) -> Template | None:
    if given.search is not None:
        engines = {**ENGINES, **given.engines}
        if given.search not in engines:
            raise UsageError(f"no search engine is called {given.search!r}: there are {', '.join(engines)}")
        return _checked(engines[given.search])
    return None if given.template is None else _checked(given.template)


def _checked(text: str) -> Template:
    template = Template(text)
    if not text.isprintable():
        raise UsageError(f"the template holds what no URL can: {mask(text)}")
    try:
        # A digit can stand in a host, a port, a path and a query.
        UrlReader().read(template.fill("1"))
    except FetchError as error:
        raise UsageError(f"the template makes no URL: {mask(text)}: {error.message}") from None
    return template
