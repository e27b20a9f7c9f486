"""`python -m xarb_runtime` is `xarb`."""

from xarb_runtime.cli.main import main

main()
