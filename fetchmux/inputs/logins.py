"""Logins by host from a .netrc file, as the standard library reads it."""

from __future__ import annotations

import base64
import netrc
import os
from pathlib import Path

from fetchmux.errors import UsageError


class Netrc:
    """User names and passwords. Raises UsageError when the file cannot be used; no message quotes what stands in it."""

    def __init__(self, path: str | None = None) -> None:
        name = path or os.environ.get("NETRC") or str(Path("~/.netrc").expanduser())
        try:
            self._netrc = netrc.netrc(name)
        except OSError as error:
            raise UsageError(f"cannot read {name!r}: {error.strerror}") from None
        except netrc.NetrcParseError as error:
            raise UsageError(f"cannot read {name!r}: it is no netrc file, see line {error.lineno}") from None
        except UnicodeDecodeError:
            raise UsageError(f"cannot read {name!r}: it is not UTF-8") from None

    def authorization(self, host: str) -> str | None:
        """The value of an Authorization field for `host` (RFC 7617), or None."""
        found = self._netrc.authenticators(host)
        if found is None:
            return None
        user, _, password = found
        return "Basic " + base64.b64encode(f"{user}:{password or ''}".encode()).decode()
