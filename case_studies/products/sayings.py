"""What the report says of its results, sentence by sentence, so that none can disagree with a table."""

from __future__ import annotations

import re

from case_studies.common.claims import claim_of
from shared.reporting import Claim, Evidence, Number, Said, given
from shared.text import capitalise, join_words

from .lists import GROUPS, Lists
from .rivals import OURS
from .settings import ProductSettings
from .tables import Tables, selling
from .trial import Trial
from .visits import Visits

__all__ = [
    "LABELS",
    "NOTHING",
    "beats_selling",
    "judge",
    "percent",
    "say_basis",
    "say_few",
    "say_kinds",
    "say_length",
    "say_new",
    "say_strangers",
    "say_taken",
    "say_weights",
    "say_worth",
    "warn",
]

ALIKE = 0.1  # a difference between groups, relative, that is not spoken of
FEW_LISTS = 30  # below which nothing is said of a group
LABELS = {"next": "what comes next", "new": "what is new to them"}
NOTHING = "Nothing was found beyond what is popular: show everyone that."


def percent(share: float, digits: int = 0) -> str:
    """Write a share for people.

    Parameters
    ----------
    share : float
    digits : int

    >>> percent(0.123), percent(0.5, 1)
    ('12 %', '50.0 %')
    """
    return f"{100 * share:.{digits}f} %"


def judge(trial: Trial, against: str) -> Claim:
    """The recommender beside one other, in the trial's own measure.

    Parameters
    ----------
    trial : Trial
    against : str

    >>> from .example import make_example
    >>> made = make_example()
    >>> judge(made.trials[0], "popularity").text[:43]
    'The recommender is better than “popularity”'
    """
    called = ("the recommender", f"“{against}”")
    name = f"hits in {LABELS[trial.question]}"
    return claim_of(trial.against(against), "trials", called=called, name=name, split="whose", question=trial.question)


def beats_selling(trial: Trial) -> bool | None:
    """Whether anything was found beyond what sells most; None where too few were tried to say.

    Parameters
    ----------
    trial : Trial

    >>> from .example import make_example
    >>> made = make_example()
    >>> [beats_selling(trial) for trial in made.trials]
    [True, False]
    """
    outcome = trial.against(selling(trial)).outcome
    return None if outcome == "too few" else outcome == "better"


def say_length(visits: Visits) -> Number:
    """The period as a number of a claim: one of the settings, or what was made of the times.

    Parameters
    ----------
    visits : Visits

    >>> from .example import make_example
    >>> made = make_example()
    >>> say_length(made.visits).text, say_length(made.visits).value
    ('28 days', 28.0)
    """
    digits = re.search(r"\d+(\.\d+)?", visits.length)
    return Number(visits.length, float(digits[0]) if digits else visits.length)


def say_taken(trial: Trial, tables: Tables, visits: Visits) -> Claim:
    """How many of those shown were taken, by the recommender and by the best of what needs no model.

    Parameters
    ----------
    trial : Trial
    tables : Tables
    visits : Visits

    >>> from .example import make_example
    >>> made = make_example()
    >>> say_taken(made.trials[0], made.tables, made.visits).text
    'of 3 shown, 1.98 were taken in the 28 days after; by “own history”, 1.95'
    """
    mine, its = (tables.tried(trial.question, name, "taken") for name in (OURS, trial.simple))
    after: dict[str, Number] = {} if visits.period is None else {"length": say_length(visits)}
    when = "were taken in the {length} after" if after else "were hidden"
    return Claim.of(
        f"of {{shown}} shown, {{mine}} {when}; by “{trial.simple}”, {{its}}",
        **after,
        shown=given(trial.shown),
        mine=mine.mean("value", decimals=2),
        its=its.mean("value", decimals=2),
    )


def say_worth(trial: Trial, tables: Tables, visits: Visits) -> Claim:
    """What to do with a question's lists, from what they were worth.

    Parameters
    ----------
    trial : Trial
    tables : Tables
    visits : Visits

    >>> from .example import make_example
    >>> made = make_example()
    >>> say_worth(made.trials[1], made.tables, made.visits).text
    'What is new to them: nothing was found beyond what is popular. Show everyone that.'
    """
    label = LABELS[trial.question]
    if beats_selling(trial) is False:
        return Claim(f"{capitalise(label)}: nothing was found beyond what is popular. Show everyone that.")
    head = {
        "better": f"Show lists of {label}",
        "worse": f"Of {label}, show “{trial.simple}”, not these lists",
        "undecided": f"Of {label}, show “{trial.simple}” or these lists: no difference is shown",
        "too few": f"Try lists of {label} on: too few were tried to say whether they help",
    }[trial.against(trial.simple).outcome]
    return Claim.join(f"{head}: ", say_taken(trial, tables, visits), ".")


def say_basis(trials: list[Trial], visits: Visits, settings: ProductSettings) -> str:
    """On what that rests.

    Parameters
    ----------
    trials : list of Trial
    visits : Visits
    settings : ProductSettings

    >>> from .example import make_example
    >>> made = make_example()
    >>> say_basis(made.trials, made.visits, made.settings)[:88]
    'Tried at one cut in the past, with nothing learnt from what came after, on 40 households'
    """
    most = max(trials, key=lambda one: one.n_asked)
    if visits.period is None:
        return (
            "Be careful: there are no times, so that a fifth of all pairs was hidden at random, and what came later may"
            " have told of what came before; figures are too good by an unknown amount, and what comes next was not"
            " asked. Name the column of times: --set columns.time=..."
        )
    cuts = "one cut in the past" if visits.cuts == 1 else f"{visits.cuts} cuts in the past"
    few = " That is little: one season, one mood." if visits.cuts == 1 else ""
    return (
        f"Tried at {cuts}, with nothing learnt from what came after, on"
        f" {settings.count_users(most.n_users)} who took something then.{few}"
    )


def warn(settings: ProductSettings) -> str:
    """What lists cannot say.

    Parameters
    ----------
    settings : ProductSettings

    >>> warn(ProductSettings())[-48:]
    'of the households, drawn at random, and compare.'
    """
    return (
        "Much of what is shown would have been taken anyway, and nothing here measures how much. Begin with one half"
        f" of the {settings.who}s, drawn at random, and compare."
    )


def say_weights(lists: Lists, tables: Tables, settings: ProductSettings) -> Claim:
    """What a question's lists are made of, in plain words.

    Parameters
    ----------
    lists : Lists
    tables : Tables
    settings : ProductSettings

    >>> from .example import make_example
    >>> made = make_example()
    >>> say_weights(made.lists[0], made.tables, made.settings).text
    'What comes next: of the weights, ... on what the household took before, how often and how lately, ...'
    """
    rows = Evidence("weights", tables.weights, {"question": lists.question})
    told: list[Said] = []
    for place, name in enumerate(lists.weigh_groups()):
        between = "" if place == 0 else ", "
        share = rows.where(group=name).value("share", "%", decimals=0)
        told += [between, Claim.of("{share} on " + GROUPS[name].format(who=settings.who), share=share)]
    return Claim.join(f"{capitalise(LABELS[lists.question])}: of the weights, ", *told, ".")


def say_kinds(lists: Lists, tables: Tables, visits: Visits, settings: ProductSettings) -> Said:
    """What the limit on one kind does.

    Parameters
    ----------
    lists : Lists
    tables : Tables
    visits : Visits
    settings : ProductSettings

    >>> from .example import make_example
    >>> made = make_example()
    >>> say_kinds(made.lists[1], made.tables, made.visits, made.settings)[-39:]
    'no table of items with kinds was given.'
    """
    if lists.kinds != lists.kinds:
        why = "no table of items with kinds was given" if not visits.kind else "no limit was set"
        return f"Nothing limits how many {settings.what}s of one kind a list holds: {why}."
    rows = Evidence("kinds", tables.kinds)
    return Claim.of(
        f"A list of what is new holds at most {{limit}} of one “{visits.kind}”: on average {{limited}} different ones"
        " instead of {free}. What that costs was not tried; the figures of the trial are of lists without that limit.",
        limit=given(settings.most_of_a_kind),
        limited=rows.value("limited", decimals=1),
        free=rows.value("free", decimals=1),
    )


def say_new(tables: Tables, settings: ProductSettings) -> Said:
    """How items that nobody has yet come into lists.

    Parameters
    ----------
    tables : Tables
    settings : ProductSettings

    >>> from .example import make_example
    >>> made = make_example()
    >>> say_new(made.tables, made.settings)
    'There is no product type that nobody has yet.'
    """
    if tables.new_items.empty:
        return f"There is no {settings.what} that nobody has yet."
    rows = Evidence("new_items", tables.new_items)
    head = Claim.of("{n} in the table of items: never taken. ", n=rows.count(settings.what))
    if not tables.new_items["shown"].any():
        return Claim.join(head, "None of them suits anybody as well as what is known: they stand in no list.")
    return Claim.join(
        head,
        Claim.of(
            "They are judged by those most like them; of them {shown} in {lists} of what is new, at most"
            " {most} in each. No past can show whether that is right: nobody could take them.",
            most=given(settings.most_new),
            shown=rows.where(shown=True).count("stands", "stand"),
            lists=Evidence("users", tables.users, {"with new": True}).count("list"),
        ),
    )


def say_strangers(lists: Lists, settings: ProductSettings) -> str:
    """What those are shown of whom nothing is known.

    Parameters
    ----------
    lists : Lists
    settings : ProductSettings

    >>> from .example import make_example
    >>> made = make_example()
    >>> say_strangers(made.lists[0], made.settings)
    'A household of whom nothing is known is shown what is popular: p04, p00 and p02.'
    """
    return (
        (
            f"A {settings.who} of whom nothing is known is shown what is popular:"
            f" {join_words([str(one) for one in lists.strangers])}."
        )
        if lists.strangers
        else f"A {settings.who} of whom nothing is known is shown nothing."
    )


def say_few(trial: Trial, tables: Tables, settings: ProductSettings) -> Claim | None:
    """Where the lists are least to be believed: whose past is short; None where that cannot be said.

    Parameters
    ----------
    trial : Trial
    tables : Tables
    settings : ProductSettings

    >>> from dataclasses import replace
    >>> import pandas as pd
    >>> from .example import make_example
    >>> made = make_example()
    >>> say_few(made.trials[0], made.tables, made.settings) is None  # groups of fewer than 30 say nothing
    True
    >>> groups = {"group": ["0 to 3", "4 to 9"], "n": [50, 60], "ours": [0.2, 0.4], "question": "next", "by": "known"}
    >>> tables = replace(made.tables, groups=pd.DataFrame(groups))
    >>> say_few(made.trials[0], tables, made.settings).text[:55]
    'What comes next: lists find less where little is known.'
    """
    table = tables.groups[(tables.groups["question"] == trial.question) & (tables.groups["by"] == "known")]
    if len(table) < 2 or table["n"].iloc[[0, -1]].min() < FEW_LISTS:
        return None
    low, high = (str(table["group"].iloc[place]) for place in (0, -1))
    far = float(table["ours"].iloc[0]) / max(float(table["ours"].iloc[-1]), 1e-9) - 1
    word = "about as much" if abs(far) < ALIKE else "less" if far < 0 else "more"
    first, last = (tables.group(trial.question, "known", label) for label in (low, high))
    return Claim.of(
        f"{capitalise(LABELS[trial.question])}: lists find {word} where little is known. They reach {{first}} of what"
        f" the best order is worth (NDCG) for {settings.who}s with {{low}} different {settings.what}s, {{last}} with"
        " {high}.",
        first=first.value("ours", "%", decimals=0),
        last=last.value("ours", "%", decimals=0),
        low=first.value("group"),
        high=last.value("group"),
    )
