"""Settings that hold for every test."""

import os

from hypothesis import settings

from xarb_runtime.plugins.recursion import recursion_limit_kept

with recursion_limit_kept():  # later imports find it imported, and change the limit no more
    import eth_account  # noqa: F401

# The same examples on every machine, and no limit that depends on how busy it is.
settings.register_profile("xarb", derandomize=True, deadline=None, database=None)
settings.load_profile("xarb")

# Real servers: started once a test asks for one.
pytest_plugins = ("tests.servers.fixtures", "tests.servers.postgres_fixtures")

# Tables are as wide as the commands make them; a worker of the tests is told another width.
os.environ.pop("COLUMNS", None)
