"""A certificate for the embedded origin, made for one comparison: signed by itself, for the loopback address."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from fetchmux.origin.launch import OriginFailed

REMEDY = "TLS needs a certificate, and openssl, which makes one, is not installed here: apt-get install openssl"
# What a verifier that takes RFC 5280 by its word wants of one that signs itself.
_EXTENSIONS = (
    "subjectAltName=IP:127.0.0.1",
    "keyUsage=critical,digitalSignature,keyCertSign",
)


def missing() -> str | None:
    """Why none can be made here, with the remedy."""
    return None if shutil.which("openssl") else REMEDY


def make(folder: Path) -> tuple[str, str]:
    """The files with the certificate and with its key. Raises OriginFailed."""
    certificate, key = str(folder / "origin.pem"), str(folder / "origin.key")
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=fetchmux origin", "-out", certificate]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key]
    for extension in _EXTENSIONS:
        command += ["-addext", extension]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise OriginFailed(f"openssl makes no certificate: {done.stderr.strip()}")
    return certificate, key
