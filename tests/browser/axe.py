"""Look at reports with axe-core, which is no part of the project: what it calls serious or critical, at both widths.

    python -m tests.browser.axe axe.min.js runs/demand/report.html ...

``axe.min.js`` is the file of that name in the npm package axe-core. It is run by the browser's own console, so that the
page's policy about scripts stays as it is.
"""

import sys
from pathlib import Path

from tests.browser.chromium import Chromium, find_browser

RUN = """axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.impact}: ${one.id}: ${one.help}: ` + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")))"""


def find_faults(browser, axe, report):
    """What axe calls serious or critical in a report, with the view in which it is so."""
    found = []
    for width in (1200, 390):
        for dark in (False, True):
            for unfold in (False, True):
                page = browser.open(Path(report).resolve().as_uri(), width=width, dark=dark)
                if unfold:
                    page.run('document.querySelectorAll("details").forEach((one) => { one.open = true; })')
                page.run(axe)
                view = f"{width} px, {'dark' if dark else 'light'}{', unfolded' if unfold else ''}"
                found += [f"{view}: {one}" for one in page.run(RUN)]
                page.close()
    return found


def main(arguments):
    """Print what was found; the exit status is 1 where there is something."""
    path = find_browser()
    if path is None or not arguments or not Path(arguments[0]).is_file():
        print("Skipped: " + ("there is no browser here" if path is None else "the path of axe.min.js is needed"))
        return 0
    axe = Path(arguments[0]).read_text(encoding="utf-8")
    browser = Chromium(path)
    total = 0
    for report in arguments[1:]:
        found = find_faults(browser, axe, report)
        total += len(found)
        print(f"{report}: {len(found)} serious or critical", *found, sep="\n  ")
    browser.close()
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
