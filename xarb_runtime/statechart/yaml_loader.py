"""
What all our YAML is read with: libyaml where PyYAML was built with it, as its wheels are.

libyaml finds the parts five times as fast as PyYAML's own code. They are put together in Python
all the same: the composer that comes with libyaml has no limit to nesting, and would end the
process.
"""

from typing import TYPE_CHECKING

from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner


class _PlainParser(Reader, Scanner, Parser):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


if TYPE_CHECKING:
    _Parser = _PlainParser
else:
    try:
        from yaml.cyaml import CParser as _Parser
    except ImportError:  # PyYAML was built from source, without libyaml
        _Parser = _PlainParser


class Loader(Composer, _Parser, SafeConstructor, Resolver):
    """
    Like `yaml.SafeLoader`.

    Args:
        text: the document.
    """

    def __init__(self, text: str) -> None:
        _Parser.__init__(self, text)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)
