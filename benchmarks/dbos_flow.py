"""
The same three-step flow on DBOS Transact; run by `benchmarks/peers.py` in a venv of its own.

Usage: python dbos_flow.py DATABASE_URL FLOWS AT_ONCE; prints one JSON object.
"""

import asyncio
import json
import logging
import sys
import time


def main() -> None:
    """Run the flow one at a time, then `AT_ONCE` at once."""
    from dbos import DBOS  # noqa: PLC0415  not installed where this file is only imported

    url, flows, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    logging.disable(logging.WARNING)
    DBOS(config={"name": "bench-flow", "system_database_url": url})

    @DBOS.step()
    async def one(number: int) -> int:
        return number

    @DBOS.workflow()
    async def flow(number: int) -> int:
        return await one(number) + await one(number) + await one(number)

    DBOS.launch()
    print(json.dumps(asyncio.run(_measure(flow, flows, at_once))))
    DBOS.destroy()


async def _measure(flow: object, flows: int, at_once: int) -> dict[str, object]:
    single: list[float] = []
    for number in range(flows):
        begin = time.perf_counter()
        await flow(number)  # type: ignore[operator]
        single.append(time.perf_counter() - begin)
    gate = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with gate:
            await flow(number)  # type: ignore[operator]

    begin = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(flows)))
    return {"single": single, "at_once_seconds": time.perf_counter() - begin, "flows": flows}


if __name__ == "__main__":
    main()
