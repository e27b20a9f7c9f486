"""A small file in the format of football-data.co.uk."""

import csv
import io
from pathlib import Path

from xarb_runtime.domain.opportunity import Opportunity
from xarb_runtime.simulation.football import Feed, FootballRead, read_football

ROW = {
    "Div": "E0",
    "Date": "13/08/2021",
    "Time": "20:00",
    "HomeTeam": "Ashford Utd",
    "AwayTeam": "Bexley",
    "FTHG": "2",
    "Max>2.5": "2.26",
    "Max<2.5": "1.83",
    "MaxC>2.5": "2.47",
    "MaxC<2.5": "1.75",
    "Avg>2.5": "2.16",
    "Avg<2.5": "1.73",
    "AvgC>2.5": "2.33",
    "AvgC<2.5": "1.62",
    "B365>2.5": "2.1",
    "B365<2.5": "1.72",
    "B365C>2.5": "2.37",
    "B365C<2.5": "1.57",
    "P>2.5": "2.22",
    "P<2.5": "1.73",
    "PC>2.5": "2.44",
    "PC<2.5": "1.62",
}
MARKET = "e0-20210813-ashford-utd-bexley"


def table(*rows: dict[str, str]) -> str:
    paper = io.StringIO()
    writer = csv.DictWriter(paper, fieldnames=list(ROW))
    writer.writeheader()
    writer.writerows(rows)
    return paper.getvalue()


def read(folder: Path, *rows: dict[str, str], feed: Feed | None = None) -> FootballRead:
    path = folder / "odds.csv"
    path.write_text(table(*rows), newline="")
    return read_football(path, feed)


def one(folder: Path, feed: Feed | None = None, **changes: str) -> Opportunity:
    (opportunity,) = read(folder, ROW | changes, feed=feed).opportunities
    return opportunity
