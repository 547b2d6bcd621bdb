"""The last step: the verdict on each claim with its rule, the guesses, and the report."""

import streamlit as st

from repsim_core.claims import Claim, Finding, claim_named, in_words, recorded
from repsim_ui import exports
from repsim_ui.labs import guesses, report, results
from repsim_ui.labs.place import Place
from repsim_ui.messages import plain


def verdicts(here: Place) -> None:
    """Verdict cards and the download."""
    st.subheader(f"{here.step}. Did it come out here?", anchor=False)
    if here.teach and st.session_state.get("labs_verdicts") != here.lab.id:
        st.info("The verdicts are hidden until you reveal them.")
        st.button("Reveal the verdicts", key="lab_reveal", on_click=_reveal, args=(here,))
        return
    guesses.see(here.lab, guesses.VERDICT)
    for id in here.lab.claims:
        _card(claim_named(id), recorded(id))
    if not here.teach:
        _guesses(here)
    given = report.guesses_of(here.lab)
    st.download_button(
        "Report of this lab (HTML, 5 MB)",
        data=lambda: report.html(here.lab, given),
        file_name=f"{exports.file_stem(here.lab.title)}.html",
        mime="text/html",
        key="lab_report",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption("One page: your guesses, the figures, the verdicts and how each number was made. It works offline.")


def _reveal(here: Place) -> None:
    st.session_state["labs_verdicts"] = here.lab.id


def _card(claim: Claim, finding: Finding) -> None:
    with st.container(border=True, key=f"verdict_{claim.id}"):
        st.markdown(f"**{plain(claim.id)}: {plain(finding.verdict)}**  \n{plain(claim.statement)}.")
        st.caption(plain(f"{claim.paper}, {claim.where}; {claim.sure}." + _printed(claim)))
        for one in finding.by_data.values():
            st.markdown(plain(in_words(one)))
        if finding.note:
            st.markdown(plain(finding.note))
        st.caption(plain(rule(claim)))
        if finding.by_data:
            with st.expander("Every seed", key=f"seeds_{claim.id}", on_change="rerun") as opened:
                if opened.open:
                    st.dataframe(finding.to_frame(), hide_index=True)
                    st.json(finding.recipe, expanded=False)


def _printed(claim: Claim) -> str:
    return f" It prints {claim.printed}." if claim.printed else ""


def rule(claim: Claim) -> str:
    """The rule as a sentence."""
    weaker = f" Partly if {claim.partly}." if claim.partly else ""
    return f"Reproduced if, in the mean and for at least 4 of 5 seeds: {claim.rule}.{weaker}"


def _guesses(here: Place) -> None:
    st.markdown("**Your guesses**")
    rows = []
    for number, one in enumerate(here.lab.steps):
        found = results.result(here.lab.id, number)
        if results.missing(found) or not guesses.seen(here.lab, number):
            continue
        kept, answer = guesses.guess(here.lab, number), one.guess.answer(found)
        rows.append(
            {
                "question": one.question,
                "you": guesses.in_words(one.guess, kept),
                "measured": guesses.in_words(one.guess, answer),
                "": guesses.outcome(one.guess, kept, answer),
            }
        )
    if rows:
        st.dataframe(rows, hide_index=True)
    else:
        st.caption("None yet: go through the steps first.")
