"""
Why there is no connection, in words for people: what is wrong and what to do, without secrets.
"""

import re
import socket
import ssl

from aio_pika.exceptions import AuthenticationError, ProbableAuthenticationError

from xarb_runtime.bus.rabbitmq.driver import Lost
from xarb_runtime.bus.rabbitmq.options import Address, RabbitOptions
from xarb_runtime.bus.rabbitmq.topology import topology

_DIFFERENT = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' for (?P<what>exchange|queue) '(?P<name>[^']+)'"
    r".*?: received (?P<ours>.+?) but current is (?P<theirs>.+)$",
    re.DOTALL,
)
_MISSING = re.compile(r"no (?P<what>exchange|queue) '(?P<name>[^']+)' in vhost")
_REFUSED = re.compile(
    r"(?:access to (?P<what>exchange|queue|topic) '(?P<name>[^']+)'.*? refused"
    r"|(?P<kind>\w+) access to (?P<what2>exchange|queue|topic) '(?P<name2>[^']+)'.*? refused)"
)
_QUOTED = re.compile(r"the value '(?P<value>[^']*)' of type '\w+'")


#: What aiormq says when the other end closes or resets the connection without a word.
_SILENT = ("unexpectedly closed", "connection reset")
#: All that aiormq says of the broker's reason to refuse a virtual host.
_NO_ENTRANCE = ("got <Connection.Close", "NOT_ALLOWED")


def explain(
    error: BaseException, address: Address, options: RabbitOptions, *, worked: bool = False
) -> str:
    """
    Return why something on the broker failed, and what to do about it.

    Args:
        error: what was raised.
        address: where we connect to.
        options: how we connect.
        worked: the connection has worked before that.
    """
    for link in _chain(error):
        if worked and any(sign in _said(link) for sign in _SILENT):
            return f"{address}: the broker, or something on the way to it, closed the connection"
        if text := _known(link, address, options):
            return _hidden(text, address)
    if isinstance(error, TimeoutError):
        return (
            f"{address} did not answer within {options.connect_deadline}: is this the right port,"
            " and does the broker work?"
        )
    return _hidden(f"{address}: {_said(error)}", address)


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _known(error: BaseException, address: Address, options: RabbitOptions) -> str:
    text = _said(error)
    return (
        (str(error) if isinstance(error, Lost) and error.__cause__ is None else "")
        or _network(error, address)
        or _login(error, text, address)
        or _declared(text, address, options)
    )


def _network(error: BaseException, address: Address) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = getattr(error, "verify_message", "") or str(error)
        return (
            f"{address}: its certificate is not trusted: {why}. Name the"
            " authority's certificate as bus.options.ca_file, and the host as the certificate does"
        )
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "reason", "") or str(error)
        return (
            f"{address}: no TLS: {why}. Does this port speak TLS (amqps), and"
            " does the broker ask for a certificate of ours (bus.options.cert_file)?"
        )
    if isinstance(error, socket.gaierror):
        return f"the host {address.host} of bus.url is not known: {error.strerror}"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {address}: is the broker running?"
    return ""


def _login(error: BaseException, text: str, address: Address) -> str:
    if isinstance(error, ProbableAuthenticationError | AuthenticationError):
        return (
            f"{address} refuses the user {address.username} with this password: check"
            " bus.options.username and bus.options.password"
        )
    if any(sign in text for sign in _NO_ENTRANCE):
        return (
            f"the user {address.username} may not enter the virtual host {address.vhost}, or there"
            f" is none of this name: see `rabbitmqctl list_vhosts`, and give the user permissions"
            f" (rabbitmqctl set_permissions -p {address.vhost} {address.username} ...)"
        )
    if any(sign in text for sign in _SILENT):
        speaks = "TLS (amqps)" if not address.tls else "no TLS (amqp)"
        return (
            f"{address} closed the connection without a word: is the broker about to start or to"
            f" stop, or does this port speak {speaks}?"
        )
    return ""


def _declared(text: str, address: Address, options: RabbitOptions) -> str:
    if found := _DIFFERENT.search(text):
        return _different(found, options)
    if found := _MISSING.search(text):
        return (
            f"the {found['what']} {found['name']} is missing in the virtual host {address.vhost}:"
            " make it with `xarb bus declare`, or set bus.options.declare to true"
        )
    if found := _REFUSED.search(text):
        what, name = found["what"] or found["what2"], found["name"] or found["name2"]
        kind = found["kind"] or "configure, write or read"
        return (
            f"the user {address.username} has no {kind} permission for the {what} {name}: give it"
            " one, or set bus.options.declare to false if others declare what is there"
        )
    return ""


def _different(found: re.Match[str], options: RabbitOptions) -> str:
    argument, name = found["argument"], found["name"]
    ours, theirs = _value(found["ours"]), _value(found["theirs"])
    queues = {queue.name: queue for queue in topology(options).queues}
    option = queues[name].options.get(argument) if name in queues else None
    ways = f"set bus.options.{option} to {theirs}, or " if option else ""
    return (
        f"the {found['what']} {name} exists with another {argument}: expected {ours}, found"
        f" {theirs}; {ways}empty and delete it, and let it be declared anew"
    )


def _value(text: str) -> str:
    found = _QUOTED.search(text)
    return found["value"] if found else text.strip("'")


def _said(error: BaseException) -> str:
    """What an error says; aiormq's errors keep their text in the last argument."""
    text = " ".join(str(argument) for argument in error.args if argument is not None).strip()
    return text or type(error).__name__


def _hidden(text: str, address: Address) -> str:
    """No text of the broker or of a library has ever held it; this makes sure."""
    long_enough = len(address.password) > 3 and address.password != "guest"  # noqa: PLR2004, S105
    return text.replace(address.password, "***") if long_enough else text
