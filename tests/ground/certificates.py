"""A certificate authority of the tests' own, with one server and one client, for receivers that speak TLS."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["Certificates", "make_certificates"]


@dataclass(frozen=True)
class Certificates:
    """PEM files: what an exporter is given, and what the server uses. The server's is for 127.0.0.1 and localhost."""

    authority: Path
    """What a client must trust."""
    server: Path
    server_key: Path
    client: Path
    client_key: Path
    ask_client: bool
    """Whether servers insist on the client's certificate (mTLS)."""

    def for_http(self) -> ssl.SSLContext:
        """The TLS settings of an HTTPS server."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.authority))
        context.load_cert_chain(self.server, self.server_key)
        context.verify_mode = ssl.CERT_REQUIRED if self.ask_client else ssl.CERT_NONE
        return context

    def for_grpc(self) -> grpc.ServerCredentials:
        """The TLS settings of a gRPC server."""
        pair = (self.server_key.read_bytes(), self.server.read_bytes())
        authority = self.authority.read_bytes() if self.ask_client else None
        return grpc.ssl_server_credentials([pair], authority, require_client_auth=self.ask_client)


def make_certificates(directory: Path, *, ask_client: bool = False) -> Certificates:
    """Write a fresh authority, and a server's and a client's certificate that it signed, below ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _signed("test authority", authority_key, "test authority", authority_key, authority=True)
    _write(directory / "authority", authority_key, authority)
    for name in ("server", "client"):
        key = ec.generate_private_key(ec.SECP256R1())
        _write(directory / name, key, _signed(name, key, "test authority", authority_key, authority=False))
    files = {name: directory / f"{name}.pem" for name in ("authority", "server", "client")}
    return Certificates(
        **files, server_key=directory / "server.key", client_key=directory / "client.key", ask_client=ask_client
    )


def _signed(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _write(path: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    path.with_suffix(".pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
