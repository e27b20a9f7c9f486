"""Redaction: the quick way to a line says the same as the thorough one."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xarb_runtime.ops.redaction import Redaction
from xarb_runtime.service.settings_secret import SecretText

SECRETS = ("hunter2-hunter2", 'with "quotes" \\ and ü')

_texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from([*SECRETS, f"around {SECRETS[1]} it", "amqp://u:p@host/", "a token", "plain"]),
)
_names = st.sampled_from(["reason", "api_key", "Password", "token_file", "execution", SECRETS[0]])
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_names, inner)),
    max_leaves=8,
)


@given(_values)
def test_a_line_is_the_json_of_what_is_left_when_secrets_are_hidden(value: Any) -> None:
    redaction = Redaction(SECRETS)

    assert redaction.json(value) == msgspec.json.encode(redaction.hide(value)).decode()


@pytest.mark.parametrize(
    "value",
    [
        {"reason": f"refused: {SECRETS[0]}"},
        {"reason": f"refused: {SECRETS[1]}"},
        {SECRETS[0]: 1},
        {"deep": [{"api_key": SECRETS[0]}]},
        {"url": f"amqp://me:{SECRETS[0]}@host/"},
        {"text": SecretText(SECRETS[0])},
    ],
)
def test_no_secret_gets_into_a_line(value: Any) -> None:
    found = Redaction(SECRETS).json(value)

    assert SECRETS[0] not in found
    assert msgspec.json.encode(SECRETS[1]).decode()[1:-1] not in found


def test_what_is_learnt_later_is_hidden_from_then_on() -> None:
    redaction = Redaction()
    assert "late comer" in redaction.json({"reason": "late comer"})

    redaction.add("late comer")

    assert "late comer" not in redaction.json({"reason": "late comer"})
