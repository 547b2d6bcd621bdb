"""One page to take home: guesses, figures, verdicts and recipes, in a file that needs no network."""

import json
from html import escape
from typing import Any

from repsim_core import __version__
from repsim_core.claims import Finding, claim_named, in_words, recorded
from repsim_core.figures import for_export
from repsim_ui.labs import guesses, results
from repsim_ui.labs.lab import Lab, Printed, Step

Guesses = dict[int, str | float | None]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #101418; background: #fff; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; }
h1, h2 { line-height: 1.2; } section { margin: 2rem 0; } figure { margin: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
pre { white-space: pre-wrap; background: #f3f4f6; padding: .5rem; } .small { color: #4b5563; font-size: .9rem; }
"""


def guesses_of(lab: Lab) -> Guesses:
    """Step to guess, for the steps that were shown."""
    return {k: guesses.guess(lab, k) for k in range(len(lab.steps)) if guesses.seen(lab, k)}


def html(lab: Lab, given: Guesses) -> bytes:
    """The report; plotly.js is in it once, so it is 5 MB."""
    parts = [f"<h1>{escape(lab.title)}</h1>", f"<p>{escape(lab.claim)}</p>", f"<p class=small>{escape(lab.paper)}</p>"]
    drawn = False
    for number, step in enumerate(lab.steps):
        found = results.result(lab.id, number)
        parts.append(_step(number, step, found, given, with_library=not drawn))
        drawn = drawn or not results.missing(found)
    parts.append("<h2>Did it come out here?</h2>")
    parts += [_verdict(id) for id in lab.claims]
    parts.append(f"<p class=small>RepSim {escape(__version__)}</p>")
    head = f'<meta charset="utf-8"><title>{escape(lab.title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'.encode()


def _step(number: int, step: Step, found: Any, given: Guesses, *, with_library: bool) -> str:
    title = f"<h2>{number + 1}. {escape(step.question)}</h2><p>{escape(step.before)}</p>"
    if why := results.missing(found):
        return f"<section>{title}<p>{escape(why)}</p></section>"
    answer = step.guess.answer(found)
    guessed = guesses.in_words(step.guess, given[number]) if number in given else "not asked"
    outcome = guesses.outcome(step.guess, given.get(number), answer)
    rows = {
        "Guess": f"{guessed}, {outcome}" if outcome else guessed,
        "Measured": f"{guesses.in_words(step.guess, answer)} ({step.reading(found)})",
        "The paper": _printed(step.paper),
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows.items())
    figure = for_export(step.view.figure(found)).to_html(
        full_html=False, include_plotlyjs=with_library, config={"displaylogo": False}
    )
    drawn = f'<figure role="img" aria-label="{escape(step.view.alt)}">{figure}</figure>'
    return f"<section>{title}<dl>{listed}</dl>{drawn}<p>{escape(step.explain(found))}</p></section>"


def _printed(printed: Printed | None) -> str:
    return "prints no number for this" if printed is None else f"{printed.text} ({printed.where}; {printed.sure})"


def _verdict(id: str) -> str:
    claim, finding = claim_named(id), recorded(id)
    lines = [f"<h3>{escape(id)}: {escape(finding.verdict)}</h3>", f"<p>{escape(claim.statement)}.</p>"]
    lines += [f"<p>{escape(in_words(one))}</p>" for one in finding.by_data.values()]
    lines.append(f"<p>{escape(finding.note)}</p>" if finding.note else "")
    lines.append(f"<p class=small>{escape(claim.paper)}, {escape(claim.where)}. Rule: {escape(claim.rule)}.</p>")
    return f"<section>{''.join(lines)}{_recipe(finding)}</section>"


def _recipe(finding: Finding) -> str:
    return f"<pre>{escape(json.dumps(finding.recipe, indent=1, default=str))}</pre>" if finding.recipe else ""
