"""What others have written is shown as they wrote it."""

import pytest

from xarb_runtime.cli.screen import out, table


def test_brackets_in_a_table_are_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    made = table("reason")
    made.add_row("expected the signature of [id, source], found [bold red]another[/]")

    out().print(made)

    assert "signature of [id, source], found [bold red]another[/]" in capsys.readouterr().out
