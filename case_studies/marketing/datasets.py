"""A simulator of channels and sales: several channels whose curves are known, since no real data tell what they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema
from shared.typing import Floats

__all__ = ["CHANNELS", "DATASETS", "World", "simulate_world"]

START, WEEKS = "2023-01-02", 104
SEED = 7
# Of each channel: usual spending a week, the most it can sell a week, half of that at so many times the usual spending,
# shape of the curve (above 1 there is a threshold), share of the effect that is carried over a week, and how strongly
# spending follows the season.
CHANNELS = {
    "television": (24_000, 60_000, 0.6, 1.5, 0.60, 0.4),
    "radio": (6_000, 20_000, 1.0, 1.2, 0.40, 0.0),
    "print": (12_000, 20_000, 0.5, 1.0, 0.30, 0.2),
    "search": (8_000, 60_000, 1.8, 1.0, 0.05, 0.3),
    "social": (5_000, 45_000, 2.5, 1.4, 0.20, 0.0),
    "mail": (5_000, 20_000, 1.2, 1.8, 0.15, 0.0),
}
TOP_SPREAD, HALF_SPREAD, SHAPE_SPREAD, SHARE_SPREAD = 0.3, 0.3, 0.15, 0.05  # between worlds
BASE, GROWTH, SEASON, NOISE = 300_000, 0.05, 0.06, 5_000  # sales a week without adverts, and what moves them
PLAN_WEEKS, PLAN_SPREAD, WEEK_SPREAD = 4, 0.35, 0.35  # how spending is varied: by plan, and from week to week


@dataclass(frozen=True)
class World:
    """A simulated firm.

    Attributes
    ----------
    table : pandas.DataFrame
        What the firm sees: "week", a column a channel, "sales".
    truth : pandas.DataFrame
        What it does not see, a row a channel: "top", "half", "shape" of what the same spending every week brings a
        week, and "carry_over".

    >>> simulate_world().table.shape
    (104, 8)
    """

    table: pd.DataFrame
    truth: pd.DataFrame


def simulate_world(seed: int = SEED) -> World:
    """Simulate two years of weeks: spending on six channels, and sales.

    Parameters
    ----------
    seed : int
        Another one makes a firm with other curves, other spending and other luck.

    >>> world = simulate_world()
    >>> bool((world.table.drop(columns="week") >= 0).all(axis=None))
    True
    """
    rng = np.random.default_rng(seed)
    usual, top, half, shape, share, follows = np.array(list(CHANNELS.values())).T
    n = len(usual)
    top = top * rng.lognormal(0, TOP_SPREAD, n)
    half = usual * half * rng.lognormal(0, HALF_SPREAD, n)
    shape = shape * rng.lognormal(0, SHAPE_SPREAD, n)
    share = np.clip(share + rng.normal(0, SHARE_SPREAD, n), 0.0, 0.8)
    year = 2 * np.pi * np.arange(WEEKS) / 52.18
    spend = _plan_spending(rng, usual, 1 + follows * np.sin(year)[:, None])
    brought = top / (1 + (half / np.maximum(_carry(spend, share) * (1 - share), 1e-9)) ** shape)
    base = BASE * (1 + GROWTH * np.linspace(0, 1, WEEKS) + SEASON * np.sin(year + 0.4))
    sales = base + brought.sum(axis=1) + rng.normal(0, NOISE, WEEKS)
    table = pd.DataFrame(
        {"week": pd.date_range(START, periods=WEEKS, freq="7D"), **dict(zip(CHANNELS, spend.T, strict=True))}
    )
    columns = {"top": top, "half": half, "shape": shape, "carry_over": share}
    return World(
        table.assign(sales=sales.round()), pd.DataFrame(columns, index=pd.Index(list(CHANNELS), name="channel"))
    )


def _plan_spending(rng: np.random.Generator, usual: Floats, season: Floats) -> Floats:
    """Amounts that differ from plan to plan, and within one from week to week."""
    plans = rng.lognormal(0, PLAN_SPREAD, (-(-WEEKS // PLAN_WEEKS), len(usual)))
    weeks = rng.lognormal(0, WEEK_SPREAD, (WEEKS, len(usual)))
    return np.asarray((usual * season * np.repeat(plans, PLAN_WEEKS, axis=0)[:WEEKS] * weeks / 10).round() * 10)


def _carry(spend: Floats, share: Floats) -> Floats:
    """What is spent, and a share of what worked the week before; the first week has had many like it."""
    found, before = np.empty_like(spend), spend[0] / (1 - share)
    for week, amounts in enumerate(spend):
        before = found[week] = amounts + share * before
    return found


def make_table() -> pd.DataFrame:
    """The simulated table, as a firm would have it.

    >>> make_table().columns.tolist()
    ['week', 'television', 'radio', 'print', 'search', 'social', 'mail', 'sales']
    """
    return simulate_world().table


def make_limits() -> pd.DataFrame:
    """Limits as one keeps them in a spreadsheet.

    >>> make_limits()["applies_to"].tolist()
    ['television', 'kind = online']
    """
    rows = [("television is booked", "television", "20000", None), ("most online", "kind = online", None, "13000")]
    return pd.DataFrame(rows, columns=["name", "applies_to", "least", "most"])


def make_groups() -> pd.DataFrame:
    """The kind of each channel.

    >>> make_groups()["kind"].tolist()
    ['classic', 'classic', 'classic', 'online', 'online', 'classic']
    """
    return pd.DataFrame(
        {"channel": list(CHANNELS), "kind": [("classic", "online")[name in {"search", "social"}] for name in CHANNELS]}
    )


MADE_UP = "made up by a simulator, case_studies/marketing/datasets.py"
OURS = "simulated, so that of Hexad itself"

DATASETS = (
    Dataset(
        "channels",
        "Simulated spending on six channels and sales, two years of weeks",
        f"{MADE_UP}; no firm, spending or sale in it is real",
        OURS,
        "hexad",
        "case_studies",
        "marketing/datasets.py",
        (WEEKS, len(CHANNELS) + 2),
        Schema(
            (
                Column("week", "datetime", "Monday of the week", unique=True),
                *(Column(name, "number", f"spent on {name}", minimum=0) for name in CHANNELS),
                Column("sales", "number", "sold in the week", minimum=0),
            )
        ),
        make=make_table,
    ),
    Dataset(
        "channel_limits",
        "Example limits for the budget of the simulated channels",
        "made up for the example, case_studies/marketing/datasets.py",
        "that of Hexad itself",
        "hexad",
        "case_studies",
        "marketing/datasets.py",
        (2, 4),
        Schema(
            (
                Column("name", "text", "what the limit is called"),
                Column("applies_to", "text", "what it limits"),
                Column("least", "text", "at least", allow_missing=True),
                Column("most", "text", "at most", allow_missing=True),
            )
        ),
        make=make_limits,
        how="made up for the example",
    ),
    Dataset(
        "channel_groups",
        "Kinds of the simulated channels",
        "made up for the example, case_studies/marketing/datasets.py",
        "that of Hexad itself",
        "hexad",
        "case_studies",
        "marketing/datasets.py",
        (len(CHANNELS), 2),
        Schema((Column("channel", "text", "the channel", unique=True), Column("kind", "text", "its kind"))),
        make=make_groups,
        how="made up for the example",
    ),
)
