"""From what was spent and sold to a budget for each channel: with proof, and only where the table tells enough."""

if __name__ == "__main__":  # as a script: python case_studies/marketing/study.py
    from case_studies.common.script import run_file

    run_file(__file__)

from case_studies.common.report import add_closing
from case_studies.common.study import Study
from shared.reporting import Run

from . import report
from .history import read_history
from .learning import learn
from .plan import decide
from .predict import keep_rules, predict
from .screen import write_first_screen
from .settings import TABLES, MarketingSettings
from .simulated import look_at_simulated
from .tables import Tables
from .wishes import read_wishes


def run(settings: MarketingSettings, out: Run) -> None:
    """Read, learn the curves, try them on a part held out, split the budget, say how sure that is."""
    history, reading = read_history(out, settings)  # simulated, or the user's own file
    wishes = read_wishes(out, history, settings)  # limits that clash are told before anything is learnt
    out.mark_step("read")

    learnt = learn(history, settings, out.checkpoints)
    out.mark_step("learnt")

    plan = decide(learnt.model, history.now(settings.recent), history.most, wishes, settings, tuple(learnt.doubts()))
    out.mark_step("decided")

    simulated = look_at_simulated(out, settings, learnt, plan, wishes)  # nothing with the user's own data
    out.mark_step("looked at what is true")

    tables = Tables.of(learnt, plan, simulated)
    out.save_results(model=learnt.model, **{**keep_rules(learnt, plan, wishes), **tables.kept()})

    write_first_screen(out, settings, learnt, plan, tables, simulated)
    report.add_chapters(out, settings, learnt, plan, tables, simulated)
    add_closing(out, reading, *report.data_parts(learnt, settings))
    out.metrics.update(report.measure(learnt, plan, simulated))


STUDY = Study("Marketing: what to spend on each channel, and how sure that is", MarketingSettings, run, predict, TABLES)
