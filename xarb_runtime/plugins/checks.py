"""
The checks a plugin must pass before anything it offers is used.

Each returns what is wrong, in the order in which an author would repair it; nothing here imports or
registers anything.
"""

import inspect
from collections.abc import Iterable, Iterator
from typing import cast

import msgspec
import pluggy

from xarb_runtime.domain.context import Context
from xarb_runtime.plugins.contracts import (
    API,
    BusSpec,
    ContextSpec,
    Finding,
    HedgeSpec,
    VenueSpec,
)
from xarb_runtime.plugins.findings import nearest
from xarb_runtime.plugins.hookspecs import OBSERVERS, OFFERS, PREFIX

Spec = VenueSpec | HedgeSpec | BusSpec | ContextSpec

HOOKS = (*OFFERS, *OBSERVERS)
#: The plugin APIs this runtime understands.
SUPPORTED = range(1, API + 1)
#: Fields of specs that hold something to call.
_CALLABLE = ("open", "create", "capabilities")


def check_hooks(manager: pluggy.PluginManager, plugin: object, name: str) -> Iterator[Finding]:
    """Yield what is wrong with a registered plugin's hooks: XP103, XP104, XP105."""
    if inspect.isclass(plugin):
        message = f"expected a module or an object, found the class {plugin.__name__}"
        yield _finding("XP104", name, message, f"Did you mean {plugin.__name__}()?")
        return
    callers = manager.get_hookcallers(plugin) or []
    yield from _unmarked(plugin, name, {caller.name for caller in callers})
    for caller in callers:
        if caller.name not in HOOKS:
            yield from _unknown_hook(caller, plugin, name)
        else:
            yield from _shape(caller, plugin, name)


def implementations(caller: pluggy.HookCaller, plugin: object) -> list[pluggy.HookImpl]:
    """Return one plugin's implementations of a hook."""
    return [impl for impl in caller.get_hookimpls() if impl.plugin is plugin]


def _unmarked(plugin: object, name: str, marked: set[str]) -> Iterator[Finding]:
    names = [hook for hook in dir(plugin) if hook.startswith(PREFIX) and hook not in marked]
    for hook in names:
        if inspect.isroutine(getattr(plugin, hook)):
            message = f"expected every hook to be marked, found {hook} without @hookimpl"
            yield _finding("XP104", name, message, "Write @hookimpl above it.")
    if not names and not marked:
        hint = f"Define one of {', '.join(HOOKS)}; a file that is no plugin may begin with _."
        yield _finding("XP104", name, "expected at least one hook, found none", hint)


def _unknown_hook(caller: pluggy.HookCaller, plugin: object, name: str) -> Iterator[Finding]:
    if all(impl.optionalhook for impl in implementations(caller, plugin)):
        return  # meant for another runtime, and says so
    hint = f"{nearest(caller.name, HOOKS)} Known: {', '.join(HOOKS)}.".strip()
    yield _finding("XP104", name, f"expected a hook that exists, found {caller.name}", hint)


def _shape(caller: pluggy.HookCaller, plugin: object, name: str) -> Iterator[Finding]:
    for impl in implementations(caller, plugin):
        function = impl.function
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            message = f"expected {caller.name} to be a plain function, found async def"
            hint = "Nobody would await it. Return specs, and do the work in the object they open."
            yield _finding("XP105", name, message, hint)
        if impl.hookwrapper or impl.wrapper:
            message = f"expected {caller.name} to be a plain hook, found a wrapper"
            yield _finding("XP103", name, message, "Remove wrapper=True from @hookimpl.")


def check_offers(hook: str, offers: object, name: str) -> Iterator[Finding]:
    """Yield what is wrong with what a hook returned: XP102, XP108."""
    expected = OFFERS[hook]
    if not isinstance(offers, Iterable) or isinstance(offers, str | bytes):
        message = f"expected {hook} to return a list of {expected.__name__}, found {_kind(offers)}"
        yield _finding("XP108", name, message, "Return a list, also for one.")
        return
    for offer in cast("Iterable[object]", offers):
        if not isinstance(offer, expected):
            message = f"expected {hook} to return {expected.__name__}, found {_kind(offer)}"
            yield _finding("XP108", name, message)
            continue
        yield from _check_spec(offer, name)


def _check_spec(spec: Spec, name: str) -> Iterator[Finding]:
    label = f"{type(spec).__name__} {spec_name(spec)!r}"
    if spec.api not in SUPPORTED:
        window = f"{SUPPORTED.start} to {SUPPORTED.stop - 1}"
        message = f"{label}: expected plugin API {window}, found {spec.api!r}"
        hint = "Install a version of the plugin, or of xarb, that fits the other."
        yield _finding("XP102", name, message, hint)
        return
    for field, expected in _wrong_fields(spec):
        message = f"{label}: {field}: expected {expected}, found {_kind(getattr(spec, field))}"
        yield _finding("XP108", name, message)


def _wrong_fields(spec: Spec) -> Iterator[tuple[str, str]]:
    facts = {field: getattr(spec, field) for field in spec.__struct_fields__}
    for field in ("name", "scheme", "version"):
        if field in facts and not (isinstance(facts[field], str) and facts[field]):
            yield field, "a text"
    for field in _CALLABLE:
        if field in facts and not callable(facts[field]):
            yield field, "something to call"
    if facts.get("simulator") is not None and not callable(facts["simulator"]):
        yield "simulator", "something to call, or None"
    structs = (("settings", msgspec.Struct), ("simulator_settings", msgspec.Struct))
    for field, base in (*structs, ("context", Context)):
        value = facts.get(field, base)
        if not (inspect.isclass(value) and issubclass(value, base)):
            yield field, f"a subclass of {base.__name__}"


def spec_name(spec: Spec) -> str:
    """Return the name by which settings and charts call what a spec offers."""
    return spec.scheme if isinstance(spec, BusSpec) else spec.name


def _kind(value: object) -> str:
    return value.__name__ if isinstance(value, type) else f"{type(value).__name__} {value!r:.60}"


def _finding(code: str, plugin: str, message: str, hint: str = "") -> Finding:
    return Finding(code=code, plugin=plugin, message=message, hint=hint)
