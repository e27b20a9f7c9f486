"""
Signatures are the same whether or not there is a quick library for the curve.
"""

import importlib
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plugins.worlds import REGISTRY
from xarb_runtime.plugins.keys import PrivateKey

assert REGISTRY
signing = importlib.import_module("xarb_plugins.sx_bet.signing")
KEY = PrivateKey(bytes([0x11]) * 32)


@pytest.fixture(scope="module")
def slow() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "coincurve", None)
        return signing.Signer(KEY)


@given(digest=st.binary(min_size=32, max_size=32))
def test_both_ways_sign_the_same(slow: object, digest: bytes) -> None:
    quick = signing.Signer(KEY)

    assert quick.sign(digest) == slow.sign(digest)
    assert quick.address == slow.address
