"""Search keys: the address of a result page from a key."""

from __future__ import annotations

import urllib.parse

from fetchmux.errors import UsageError
from fetchmux.inputs.urls import veil

ENGINES = {
    "baidu": "http://www.baidu.com/s?wd={key}",
    "sogou": "http://www.sogou.com/web?query={key}",
    "bing": "https://www.bing.com/search?q={key}",
    "google": "https://www.google.com/search?q={key}",
    "duckduckgo": "https://html.duckduckgo.com/html/?q={key}",
}

_HOLE = "{key}"


class Template:
    """A URL with a hole for a key. Raises UsageError when there is no hole."""

    def __init__(self, text: str) -> None:
        if _HOLE not in text:
            raise UsageError(f"the template has no {_HOLE}: {veil(text)}")
        self._text = text

    def fill(self, key: str) -> str:
        """The URL for `key`, percent-encoded as UTF-8: no character of a key means anything to the URL."""
        return self._text.replace(_HOLE, urllib.parse.quote(key, safe=""))
