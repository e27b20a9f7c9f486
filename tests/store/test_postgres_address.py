"""
Where a server's store is, and how it is named without its password.
"""

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.store.errors import StoreError
from xarb_runtime.store.postgres_address import PostgresAddress, read_address
from xarb_runtime.store.postgres_text import from_text, to_text


@pytest.mark.parametrize(
    ("url", "name", "arguments"),
    [
        (
            "postgresql://ann:p%40ss%3Aword%2F1@db.example:6432/xarb",
            "postgresql://ann@db.example:6432/xarb",
            {
                "host": "db.example",
                "port": 6432,
                "user": "ann",
                "password": "p@ss:word/1",
                "database": "xarb",
            },
        ),
        (
            "postgresql://db.example/a%20b",
            "postgresql://db.example/a%20b",
            {"host": "db.example", "database": "a b"},
        ),
        (
            "postgresql://ann:x@[::1]:5432/xarb?sslmode=require",
            "postgresql://ann@[::1]:5432/xarb",
            {
                "host": "::1",
                "port": 5432,
                "user": "ann",
                "password": "x",
                "database": "xarb",
                "ssl": "require",
            },
        ),
        ("postgresql:///xarb", "postgresql:///xarb", {"database": "xarb"}),
    ],
)
def test_a_url_says_everything_the_driver_needs(
    url: str, name: str, arguments: dict[str, object]
) -> None:
    address = read_address(url)

    assert address.arguments() == arguments
    assert address.name == name
    assert repr(address) == f"PostgresAddress({name!r})"
    assert read_address(address.name).name == name


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret@host",
        "postgresql://u:s3cret@host/",
        "postgresql://u:s3cret@host/a/b",
        "postgresql://u:s3cret@host:port/xarb",
        "postgresql://u:s3cret@host:99999/xarb",
        "postgresql://u:s3cret@[host/xarb",
        "postgresql://u:s3cret@host/xarb#part",
        "postgresql://u:x@s3cret@host/",
        "postgresql://u:x@s3cret@host/xarb",
        "postgresql://u:s3cret/x@host/xarb",
        "postgresql://u@host/xarb?password=s3cret",
        "postgresql://u:s3cret@host/xarb?sslmode=maybe",
    ],
)
def test_anything_else_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreError, match=r"store\.url: expected postgresql://") as refused:
        read_address(url)

    assert "s3cret" not in str(refused.value)


def test_an_option_that_is_not_known_is_named() -> None:
    with pytest.raises(StoreError, match=r"found target \(known are sslmode and sslrootcert\)"):
        read_address("postgresql://host/xarb?target=primary")


@pytest.mark.parametrize(("mode", "checks_name"), [("verify-ca", False), ("verify-full", True)])
def test_a_server_s_certificate_is_verified_if_asked_for(mode: str, *, checks_name: bool) -> None:
    context = read_address(f"postgresql://host/xarb?sslmode={mode}").arguments()["ssl"]

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is checks_name


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    address = read_address(
        f"postgresql://u:p@host/xarb?sslmode=verify-full&sslrootcert={tmp_path}/none.pem"
    )

    with pytest.raises(StoreError, match=r"certificates to trust in .*none\.pem, found No such"):
        address.arguments()


def test_an_address_shows_itself_without_its_password() -> None:
    address = PostgresAddress(host="h", port=0, database="d", user="u", password="s3cret")

    assert "s3cret" not in f"{address} {address!r}"


# -- Texts that the server does not take ---------------------------------------------------------


@given(st.text(st.sampled_from("a\x00\ue000\ue001\ue002\ue003")))
def test_every_text_comes_back_as_it_was(text: str) -> None:
    written = to_text(text)

    assert "\x00" not in written
    assert from_text(written) == text


def test_other_values_are_left_alone() -> None:
    assert to_text(["a\x00", "b"]) == ["a\ue000\ue002", "b"]
    for value in (None, 7, b"\x00"):
        assert to_text(value) is value
        assert from_text(value) is value
