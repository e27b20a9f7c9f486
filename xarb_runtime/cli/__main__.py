"""`python -m xarb_runtime.cli` is `xarb`."""

from xarb_runtime.cli.main import main

main()
