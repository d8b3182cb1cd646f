"""What the report says of its results, sentence by sentence, so that none can disagree with a table."""

from __future__ import annotations

from shared.evaluation import Comparison
from shared.text import capitalise, count_of, join_words

from .lists import GROUPS, Lists
from .rivals import OURS
from .settings import ProductSettings
from .trial import Trial
from .visits import Visits

ALIKE = 0.1  # a difference between groups, relative, that is not spoken of
FEW_LISTS = 30  # below which nothing is said of a group
LABELS = {"next": "what comes next", "new": "what is new to them"}
WHAT = {
    "next": "is likeliest to take in the next {length}, had before or not",
    "new": "never had and is likeliest to take",
}


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


def say_lists(lists: list[Lists], visits: Visits, settings: ProductSettings) -> str:
    """What there is to show, and in which file."""
    told = [f"{one.question}.parquet (what each {WHAT[one.question].format(length=visits.length)})" for one in lists]
    which = "one list" if len(lists) == 1 else "two lists"
    return (
        f"For each of {settings.count_users(len(visits.users))} there {'is' if len(lists) == 1 else 'are'} {which} of"
        f" {settings.count_items(settings.shown)}, each with its reason: {join_words(told)}."
    )


def say_worth(trial: Trial, visits: Visits, settings: ProductSettings) -> str:
    """How much better a question's lists are than what one does without a model, and how sure that is."""
    simple = trial.simple
    gap = trial.against(simple)
    mine, theirs = (trial.value(name, "precision") * settings.shown for name in (OURS, simple))
    head = f"{capitalise(LABELS[trial.question])}: "
    after = "were hidden" if visits.period is None else f"were taken in the {visits.length} after"
    counted = (
        f"of {settings.shown} shown, {mine:.2f} {after}; by {simple}, the best of what needs no model, {theirs:.2f}."
    )
    verdict = {
        "better": "Show these lists",
        "worse": f"Do not show these lists; show {simple}",
        "undecided": f"These lists are not shown to be better than {simple}: either will do",
        "too few": f"Too few were tried to say whether they are better than {simple}",
    }[gap.outcome]
    return f"{head}{counted} {verdict}{_say_interval(gap)}."


def _say_interval(gap: Comparison) -> str:
    """How far NDCG is above or below the other's."""
    low, high = gap.interval
    if gap.outcome == "too few":
        return ""
    many = "" if gap.significant else ", but not once all comparisons are counted"
    if low >= 0:
        span = f"{_round(low)} to {_round(high)} higher{many}"
    elif high <= 0:
        span = f"{_round(-high)} to {_round(-low)} lower{many}"
    else:
        span = f"between {_round(-low)} lower and {_round(high)} higher"
    return f" (NDCG {span}, with 95 % confidence)"


def _round(share: float) -> str:
    """Decimals only where they count."""
    return percent(share, 0 if abs(share) >= 0.1 else 1)


def say_basis(trials: list[Trial], visits: Visits, settings: ProductSettings) -> str:
    """On what that rests."""
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
        f"That was tried at {cuts}, each time with nothing learnt from what came after, on"
        f" {settings.count_users(most.n_users)} who took something then.{few}"
    )


def warn(settings: ProductSettings) -> str:
    """What lists cannot say."""
    return (
        f"Do not believe that showing them changes what is taken: much of it would have been taken anyway, and nothing here"
        f" measures that. Show them to one half of the {settings.who}s, drawn at random, and compare."
    )


def say_weights(lists: Lists, settings: ProductSettings) -> str:
    """What a question's lists are made of, in plain words."""
    shares = lists.weigh_groups()
    told = [f"{percent(share)} on {GROUPS[name].format(who=settings.who)}" for name, share in shares.items()]
    return f"{capitalise(LABELS[lists.question])}: of the weights, {join_words(told)}."


def say_kinds(lists: Lists, visits: Visits, settings: ProductSettings) -> str:
    """What the limit on one kind does."""
    if lists.kinds != lists.kinds:
        why = "no table of items with kinds was given" if not visits.kind else "no limit was set"
        return f"Nothing limits how many {settings.what}s of one kind a list holds: {why}."
    return (
        f"A list of what is new holds at most {settings.most_of_a_kind} of one “{visits.kind}”: on average"
        f" {lists.kinds:.1f} different ones instead of {lists.kinds_free:.1f}. What that costs was not tried; the figures of"
        " the trial are of lists without that limit."
    )


def say_new(lists: Lists, unseen: list[object], settings: ProductSettings) -> str:
    """How items that nobody has yet come into lists."""
    if not unseen:
        return f"There is no {settings.what} that nobody has yet."
    found = lists.new_items
    head = f"{settings.count_items(len(unseen))} in the table of items {'was' if len(unseen) == 1 else 'were'} never taken."
    if found.empty:
        return f"{head} None of them suits anybody better than what is known: they stand in no list."
    return (
        f"{head} They are judged by those most like them; {len(found):,} of them "
        f"{'stands' if len(found) == 1 else 'stand'} in {count_of(lists.n_with_new, 'list')} of what is new. No past"
        " can show whether that is right: nobody could take them."
    )


def say_strangers(lists: Lists, settings: ProductSettings) -> str:
    """What those are shown of whom nothing is known."""
    return (
        f"A {settings.who} of whom nothing is known is shown what is popular: {join_words([str(one) for one in lists.strangers])}."
        if lists.strangers
        else f"A {settings.who} of whom nothing is known is shown nothing."
    )


def say_few(trial: Trial, settings: ProductSettings) -> str:
    """Where the lists are least to be believed: whose past is short."""
    table = trial.by_activity(settings)
    if len(table) < 2 or table.iloc[[0, -1], 0].min() < FEW_LISTS:
        return ""
    first, last = table.iloc[0], table.iloc[-1]
    low, high = (str(table.index[place]) for place in (0, -1))
    far = float(first[OURS]) / max(float(last[OURS]), 1e-9) - 1
    word = "about as much" if abs(far) < ALIKE else "less" if far < 0 else "more"
    return (
        f"{capitalise(LABELS[trial.question])}: lists find {word} where little is known: NDCG {first[OURS]:.3f} for {settings.who}s"
        f" with {low} different {settings.what}s, {last[OURS]:.3f} with {high}."
    )
