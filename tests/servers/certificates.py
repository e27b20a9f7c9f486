"""Certificates for tests: an authority of our own, a server's and a client's, made by openssl."""

import subprocess
from pathlib import Path

from tests.servers.leash import installed

DAYS = "7"


class Certificates:
    """
    Files for TLS in a folder; keys have no password.

    Attributes:
        authority: the certificate that both sides have to trust.
        server, server_key: for `localhost`, and for no other name of this machine.
        client, client_key: for a client named `xarb`.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.authority, self._authority_key = self._names("authority")
        self.server, self.server_key = self._names("server")
        self.client, self.client_key = self._names("client")
        self._openssl(
            "req", "-x509", *_new_key(self._authority_key), "-subj", "/CN=xarb test authority",
            "-days", DAYS, "-out", str(self.authority),
        )  # fmt: skip
        self._sign(self.server, self.server_key, "localhost", "DNS:localhost")
        self._sign(self.client, self.client_key, "xarb", "DNS:xarb")

    def _names(self, name: str) -> tuple[Path, Path]:
        return self._folder / f"{name}.pem", self._folder / f"{name}.key"

    def _sign(self, certificate: Path, key: Path, name: str, alternatives: str) -> None:
        request, extension = certificate.with_suffix(".csr"), certificate.with_suffix(".ext")
        extension.write_text(f"subjectAltName={alternatives}\n")
        self._openssl("req", *_new_key(key), "-subj", f"/CN={name}", "-out", str(request))
        self._openssl(
            "x509", "-req", "-in", str(request), "-CA", str(self.authority),
            "-CAkey", str(self._authority_key), "-CAcreateserial", "-days", DAYS,
            "-extfile", str(extension), "-out", str(certificate),
        )  # fmt: skip

    def _openssl(self, *arguments: str) -> None:
        command = [installed("/usr/bin/openssl", "openssl"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr}"


def _new_key(key: Path) -> tuple[str, ...]:
    return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key)
