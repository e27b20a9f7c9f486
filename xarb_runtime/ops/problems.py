"""
Something that is wrong, in the same five words everywhere: in answers of the control API, in what
`xarb check` lists, and in what a command says before it ends.
"""

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One thing that is wrong.

    Attributes:
        what: what it is, one sentence.
        where: file, setting, address or field; may be empty.
        expected: what should be there; may be empty.
        found: what is there instead; may be empty.
        do: what to do about it; may be empty.
    """

    what: str
    where: str = ""
    expected: str = ""
    found: str = ""
    do: str = ""

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        facts = ", ".join(
            f"{name} {value}"
            for name, value in (("expected", self.expected), ("found", self.found))
            if value
        )
        parts = [f"{where}{self.what}", facts, self.do]
        return " ".join(map(_sentence, filter(None, parts)))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


class ProblemError(Exception):
    """
    A problem that ends what was asked for.

    Attributes:
        problem: what is wrong.
        status: the control API's answer, an HTTP status.
    """

    def __init__(self, problem: Problem, status: int = 400) -> None:
        self.problem = problem
        self.status = status
        super().__init__(problem, status)

    def __str__(self) -> str:
        return str(self.problem)
