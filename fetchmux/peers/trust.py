"""Whom peers trust in TLS: the system's store, as strategies do, and not the one that a library brings along."""

from __future__ import annotations

import ssl


def system_store() -> str | None:
    """The file or the folder of the system's certificates, or None: there is none, or it is no file."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath
