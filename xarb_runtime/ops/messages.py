"""
Messages as people and producers write them: one CloudEvent, a JSON array of them, or one a line.
"""

import json


def split_messages(body: bytes) -> list[bytes]:
    """
    Return the single messages in `body`, each as the bytes that go onto the bus.

    Whatever is no JSON at all is one message a line: the intake says what is wrong with each.
    """
    text = body.strip()
    if not text:
        return []
    if text.startswith(b"["):
        found = _array(text)
        if found is not None:
            return found
    if text.startswith(b"{") and _is_json(text):
        return [text]
    return [line.strip() for line in text.splitlines() if line.strip()]


def _array(text: bytes) -> list[bytes] | None:
    """The elements as they were written: rewriting numbers would change prices."""
    try:
        text_ = text.decode()
        json.loads(text_, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return [element.encode() for element in _elements(text_)]


def _elements(text: str) -> list[str]:
    decoder = json.JSONDecoder(parse_float=str)
    found: list[str] = []
    at = _past(text, 1)
    while text[at] != "]":
        _, end = decoder.raw_decode(text, at)
        found.append(text[at:end])
        at = _past(text, end)
    return found


def _past(text: str, at: int) -> int:
    while text[at] in " \t\r\n,":
        at += 1
    return at


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True
