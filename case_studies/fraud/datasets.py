"""A simulator of cards, merchants and fraud: payments for a story that needs some, since real ones are secret."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from shared.data.datasets import Dataset
from shared.data.schema import Column, Schema
from shared.typing import Floats, Ints

__all__ = ["DATASETS", "simulate_cards"]

START, DAYS = pd.Timestamp("2024-03-01"), 60
CARDS, PAYMENTS_A_DAY = 600, 1.1
DAY, HOUR, MINUTE = 86_400, 3_600, 60  # seconds

# Merchants by country; cards live in the first three.
MERCHANTS = {"AT": 120, "DE": 60, "CH": 30, "IT": 20, "ES": 15, "GB": 15, "US": 13, "TH": 9, "BR": 9, "ZA": 9}
COUNTRIES, COUNTS = np.array(list(MERCHANTS)), np.array(list(MERCHANTS.values()))
HOMES = (0.7, 0.2, 0.1)  # share of the cards
# Share of the payments, and amount as a multiple of the card's level.
CATEGORIES = {
    "groceries": (0.32, 1.0),
    "restaurants": (0.18, 0.9),
    "transport": (0.14, 0.5),
    "online": (0.12, 1.2),
    "clothing": (0.07, 2.5),
    "health": (0.06, 1.0),
    "cash": (0.05, 4.0),
    "electronics": (0.03, 5.0),
    "travel": (0.03, 7.0),
}
KINDS = np.array(list(CATEGORIES))
SHARES, TIMES = np.array(list(CATEGORIES.values())).T
GROCERIES, RESTAURANTS, ONLINE, CLOTHING, CASH, ELECTRONICS, TRAVEL = (0, 1, 3, 4, 6, 7, 8)  # places in KINDS
TRAVELLERS = 0.25  # share of the cards that are abroad for a week
ROAMING = 0.3  # share of payments online that go to any country
LARGE = 0.015  # share of honest payments that are several times as large as usual
SPREES, TRIALS = 120, 30  # honest afternoons in shops, and honest evenings of small payments online
STOLEN, TESTED, ABROAD = 32, 8, 34  # fraud: cards of each pattern


class _Cards(NamedTuple):
    """What each card is like: numbers of countries, level of amounts, mix of categories, usual hour, and its travel."""

    home: Ints
    level: Floats
    mix: Floats
    hour: Floats
    trip: Ints
    trip_day: Floats


def simulate_cards(seed: int = 7) -> pd.DataFrame:
    """Simulate 60 days of card payments, of which somewhat less than 1 % are fraud.

    Honest cards have a home, a level of spending, a mix of categories and an hour of the day; some travel, buy
    something large, shop a whole afternoon, or pay for many small things online. Fraud has three patterns: a stolen
    card (several large payments within hours), testing (many tiny payments online, then a large one), and payments at
    night in a country where the card never was.

    Parameters
    ----------
    seed : int
        Another one makes other payments.

    Returns
    -------
    pandas.DataFrame
        In the order of time: "payment", "paid", "card", "merchant", "category", "country", "amount", "fraud".

    >>> cards = simulate_cards()
    >>> bool(0.005 < cards["fraud"].mean() < 0.01)
    True
    >>> bool(cards["paid"].is_monotonic_increasing and cards["paid"].is_unique)
    True
    """
    rng = np.random.default_rng(seed)
    cards = _make_cards(rng)
    rows = [_pay_honestly(cards, rng), *_pay_in_series(cards, rng), *_defraud(cards, rng)]
    table = pd.concat(rows, ignore_index=True).sort_values("second", kind="stable", ignore_index=True)
    table = table[(table["second"] >= 0) & (table["second"] < DAYS * DAY)].reset_index(drop=True)
    # No two payments in the same second, so that their order is known.
    step = np.arange(len(table))
    second = np.maximum.accumulate(table["second"].to_numpy() - step) + step
    shop = table["shop"].to_numpy()
    return pd.DataFrame(
        {
            "payment": [f"P{number:05d}" for number in range(1, len(table) + 1)],
            "paid": START + pd.to_timedelta(second, unit="s"),
            "card": [f"C{number:03d}" for number in table["card"] + 1],
            "merchant": [f"M{number:03d}" for number in shop + 1],
            "category": KINDS[np.concatenate([np.arange(n) for n in COUNTS])[shop] % len(KINDS)],
            "country": np.repeat(COUNTRIES, COUNTS)[shop],
            "amount": np.maximum(table["amount"].to_numpy(), 0.5).round(2),
            "fraud": table["fraud"].to_numpy(),
        }
    )


def _make_cards(rng: np.random.Generator) -> _Cards:
    home = rng.choice(len(HOMES), CARDS, p=HOMES)
    return _Cards(
        home,
        20 * rng.lognormal(0, 0.5, CARDS),
        rng.dirichlet(25 * SHARES, CARDS),
        rng.choice([10.0, 13.0, 17.0, 20.0, 23.0], CARDS, p=[0.2, 0.3, 0.3, 0.15, 0.05]),
        (home + rng.integers(1, len(COUNTRIES), CARDS)) % len(COUNTRIES),
        np.where(rng.random(CARDS) < TRAVELLERS, rng.uniform(0, DAYS - 7, CARDS), np.inf),
    )


def _pick_shops(rng: np.random.Generator, country: Ints, kind: Ints) -> Ints:
    """Draw a merchant of each country and category; within a country, every ninth is of the same category."""
    first = np.concatenate([[0], np.cumsum(COUNTS)[:-1]])
    count = -(-(COUNTS[country] - kind) // len(KINDS))
    return np.asarray(first[country] + kind + len(KINDS) * (rng.random(len(kind)) * count).astype(np.int64))


def _pay_honestly(cards: _Cards, rng: np.random.Generator) -> pd.DataFrame:
    """Everyday payments of all cards, with travels and large purchases."""
    rate = PAYMENTS_A_DAY * rng.gamma(4, 0.25, CARDS)
    card = np.repeat(np.arange(CARDS), rng.poisson(rate * DAYS))
    n = len(card)
    day = rng.integers(0, DAYS, n)
    hour = (cards.hour[card] + rng.normal(0, 3.5, n)) % 24
    kind = (rng.random(n)[:, None] > np.cumsum(cards.mix, axis=1)[card, :-1]).sum(axis=1)
    away = (day >= cards.trip_day[card]) & (day < cards.trip_day[card] + 7)
    country = np.where(away, cards.trip[card], cards.home[card])
    roams = (kind == ONLINE) & (rng.random(n) < ROAMING)
    country = np.where(roams, rng.integers(len(COUNTRIES), size=n), country)
    large = np.where(rng.random(n) < LARGE, rng.uniform(3, 12, n), 1.0)
    amount = cards.level[card] * TIMES[kind] * rng.lognormal(0, 0.5, n) * large
    return _table(card, day * DAY + hour * HOUR, _pick_shops(rng, country, kind), amount, fraud=0)


def _pay_in_series(cards: _Cards, rng: np.random.Generator) -> list[pd.DataFrame]:
    """Honest cards that do what fraud does, too: an afternoon in shops, and many small things online."""
    made = []
    for card in rng.integers(CARDS, size=SPREES):
        n = int(rng.integers(3, 6))
        second = rng.integers(DAYS) * DAY + rng.uniform(11, 18) * HOUR + rng.uniform(0, 3 * HOUR, n)
        kind = rng.choice([CLOTHING, ELECTRONICS], n, p=[0.8, 0.2])
        amount = cards.level[card] * 2.5 * rng.lognormal(0, 0.6, n)
        shop = _pick_shops(rng, np.full(n, cards.home[card]), kind)
        made.append(_table(np.full(n, card), second, shop, amount, fraud=0))
    for card in rng.integers(CARDS, size=TRIALS):
        n = int(rng.integers(3, 8))
        second = rng.integers(DAYS) * DAY + rng.uniform(17, 23) * HOUR + rng.uniform(0, HOUR, n)
        shop = _pick_shops(rng, rng.integers(len(COUNTRIES), size=n), np.full(n, ONLINE))
        made.append(_table(np.full(n, card), second, shop, rng.uniform(0.9, 6.0, n), fraud=0))
    return made


def _defraud(cards: _Cards, rng: np.random.Generator) -> list[pd.DataFrame]:
    """Fraud of three patterns, each on cards of its own."""
    victims = rng.permutation(CARDS)[: STOLEN + TESTED + ABROAD]
    stolen, tested, abroad = np.split(victims, [STOLEN, STOLEN + TESTED])
    made = []
    for card, day in zip(stolen, _spread_days(STOLEN, rng), strict=True):
        n = int(rng.integers(3, 9))
        begin, hours = (day + rng.uniform()) * DAY, rng.uniform(2, 8)
        second = begin + np.sort(rng.uniform(0, hours * HOUR, n))
        shop = _pick_shops(
            rng, np.full(n, cards.home[card]), rng.choice([ELECTRONICS, CLOTHING, CASH], n, p=[0.4, 0.35, 0.25])
        )
        amount = cards.level[card] * rng.uniform(4, 12) * rng.lognormal(0, 0.5, n)
        made.append(_table(np.full(n, card), second, shop, amount, fraud=1))
    for card, day in zip(tested, _spread_days(TESTED, rng), strict=True):
        n = int(rng.integers(8, 16))
        begin = (day + rng.uniform()) * DAY
        second = begin + np.append(np.sort(rng.uniform(0, 20 * MINUTE, n)), 20 * MINUTE + rng.uniform(0, 2 * HOUR))
        shop = _pick_shops(rng, rng.integers(len(COUNTRIES), size=n + 1), np.full(n + 1, ONLINE))
        amount = np.append(rng.uniform(0.5, 4.0, n), cards.level[card] * rng.uniform(8, 25))
        made.append(_table(np.full(n + 1, card), second, shop, amount, fraud=1))
    for card, day in zip(abroad, _spread_days(ABROAD, rng), strict=True):
        n = int(rng.integers(2, 5))
        where = rng.choice([k for k in range(len(COUNTRIES)) if k not in {cards.home[card], cards.trip[card]}])
        second = day * DAY + rng.uniform(0, 3) * HOUR + np.sort(rng.uniform(0, 2 * HOUR, n))
        shop = _pick_shops(rng, np.full(n, where), rng.choice([CASH, RESTAURANTS, CLOTHING, GROCERIES, TRAVEL], n))
        amount = cards.level[card] * rng.uniform(1, 5) * rng.lognormal(0, 0.5, n)
        made.append(_table(np.full(n, card), second, shop, amount, fraud=1))
    return made


def _spread_days(n: int, rng: np.random.Generator) -> Ints:
    """Days of n cases, spread over the whole time: fraud comes at one rate."""
    return np.asarray((np.arange(n) + rng.random(n)) / n * DAYS).astype(np.int64)


def _table(card: Ints, second: Floats, shop: Ints, amount: Floats, *, fraud: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"card": card, "second": second.astype(np.int64), "shop": shop, "amount": amount, "fraud": fraud}
    )


DATASETS = (
    Dataset(
        "cards",
        "Simulated card payments with three patterns of fraud",
        "made up by a simulator, case_studies/fraud/datasets.py; no card, merchant or fraud in it is real",
        "simulated, so that of Hexad itself",
        "hexad",
        "case_studies",
        "fraud/datasets.py",
        (41050, 8),
        Schema(
            (
                Column("payment", "text", "what the payment is called", unique=True),
                Column("paid", "datetime", "when it was paid", unique=True),
                Column("card", "text", "which card paid"),
                Column("merchant", "text", "whom it paid"),
                Column("category", "text", "for what sort of thing"),
                Column("country", "text", "where the merchant is"),
                Column("amount", "number", "how much was paid", minimum=0),
                Column("fraud", "integer", "1 for fraud", minimum=0, maximum=1),
            )
        ),
        make=simulate_cards,
    ),
)
