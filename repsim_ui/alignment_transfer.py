"""Transfer: what the layers of a trained network give to tasks it never saw, against the same network untrained."""

import pandas as pd
import streamlit as st

from repsim_core import figures
from repsim_core.experiments import recorded_alignment as recorded
from repsim_core.experiments.tasks import TASKS, tasks_for
from repsim_core.figures.topology import value_curves
from repsim_ui import alignment_controls, cache, charts, controls, estimates, links, request, sentences, state
from repsim_ui.messages import plain

HEIGHT = 400
DEFAULT_LABELS, FEWEST_LABELS = 100, 10
PREFERRED = ("odd", "five and up", "bright", "angle", "digit", "all classes", "shuffled")
MOST_DEFAULT = 3


def page(choices: state.Choices) -> None:
    """Model A is the source; the dataset at the side asks the questions."""
    if not alignment_controls.is_trained(choices.a):
        st.info("Transfer needs a trained network: choose one of the library as model A.")
        _recorded()
        return
    asked = alignment_controls.asked(choices, with_task=False, with_layers=False)
    if asked is None:
        return
    known = tasks_for(alignment_controls.dataset_card(choices.dataset))
    usual = [one for one in PREFERRED if one in known][:MOST_DEFAULT]
    links.keep_several("tasks", "Task", known)
    # Not a multiselect: its chips are 2.3 : 1 in the dark theme.
    tasks = st.pills(
        "Target tasks",
        known,
        selection_mode="multi",
        key="tasks",
        bind="query-params",
        help=controls.pooling_help({one: TASKS[one].description for one in known if one in TASKS}),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        most = max(FEWEST_LABELS, asked.n - 2)
        links.keep_whole_number("labels", "Labels", FEWEST_LABELS, most, min(DEFAULT_LABELS, asked.n // 2))
        labelled = int(
            st.number_input(
                "Labels",
                FEWEST_LABELS,
                most,
                step=10,
                key="labels",
                bind="query-params",
                width=130,
                help="Stimuli whose answers a linear model may learn from; the others test it. Five draws.",
            )
        )
    chosen = [one for one in known if one in (tasks or usual)]
    if not tasks:
        st.caption(f"Without a choice: {plain(', '.join(chosen))}.")
    infos = cache.layer_infos(choices.a, choices.dataset)
    count = len(infos) if len(infos) < 12 else 10
    seconds = 2 * estimates.seconds(asked.n, [], [], infos) + 0.25 * count * len(chosen) + 2
    trained_on = cache.card(choices.a).dataset
    recipe = asked.recipe(network=choices.a, tasks=chosen, labelled=labelled)
    recipe.pop("task")
    (found,) = request.results(
        [request.of_kind("alignment_transfer", recipe, f"transfer of {choices.a}", seconds)],
        HEIGHT,
        said=f"{len(chosen)} tasks on every layer of {choices.a} (trained on {trained_on}), before and after training: "
        f"{sentences.duration(seconds)} here.",
    )
    if found.value is not None:
        _shown(found.value.to_frame(), chosen, choices, trained_on, labelled, asked.form)
    _recorded()


def _shown(
    table: pd.DataFrame, tasks: list[str], choices: state.Choices, trained_on: str, labelled: int, form: str
) -> None:
    links.keep_known("ttask", "Task", tasks, tasks[0], aloud=False)
    task = st.selectbox("Show the task", tasks, key="ttask", bind="query-params", width=260)
    own = table[table["task"] == task]
    score = str(own["score name"].iloc[0])
    charts.show(
        value_curves(
            own["layer"].tolist(),
            {
                f"alignment with {task} (area, {form})": {
                    "trained": own["area"].to_numpy(),
                    "as initialised": own["initial area"].to_numpy(),
                    "chance": own["chance area"].to_numpy(),
                },
                f"{score} from {labelled} labels": {
                    "trained, score": own["score"].to_numpy(),
                    "as initialised, score": own["initial score"].to_numpy(),
                },
            },
            errors={
                "trained, score": own["deviation"].to_numpy(),
                "as initialised, score": own["initial deviation"].to_numpy(),
            },
        ),
        key="transfer_curves",
        alt="Alignment with the task and the score of a linear model, layer by layer, trained and as initialised.",
        title=f"{choices.a} on {choices.dataset}, {task}",
        table=lambda: own,
    )
    last = recorded.last_hidden_gains(table.assign(source=choices.a, dataset=choices.dataset, form=form))
    lines = []
    for _, row in last.iterrows():
        both = row["area gained"], row["score gained"]
        what = (
            "positive transfer"
            if min(both) > 0
            else "negative transfer"
            if max(both) < 0
            else "alignment and score disagree"
        )
        lines.append(
            f"- {plain(row['task'])}: area {row['initial area']:.3f} → **{row['area']:.3f}**, {row['score name']} "
            f"{row['initial score']:.3f} → **{row['score']:.3f}**: {what}"
        )
    with st.container(key="transfer_sentence"):
        st.markdown(
            f"Last layer before the head, before and after training on {plain(trained_on)}:\n" + "\n".join(lines)
        )
    st.caption(
        f"Ridge regression on {labelled} labels, penalty chosen among them, tested on the other stimuli; five draws, "
        "bars are standard deviations over them. The same draws for every layer."
    )


def _recorded() -> None:
    """The same for networks and tasks fixed beforehand."""
    st.subheader("Sources and tasks of the library", anchor=False)
    gains = recorded.last_hidden_gains(recorded.recorded()["transfers"].query("form == 'centred'"))
    names = [f"{row['source'].removeprefix('zoo/')} on {row['dataset']}, {row['task']}" for _, row in gains.iterrows()]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        charts.show(
            figures.transfer_gains(
                names, gains["area gained"].to_numpy(), gains["score gained"].to_numpy(), gains["relation"].tolist()
            ),
            key="recorded_gains",
            alt="What training on the source added to alignment and to the score, a mark for each source and task.",
            title="Gains of alignment and of score by training on a source",
            table=lambda: gains,
        )
    with right:
        for one in recorded.claims("centred"):
            if one.name.split()[0] in (recorded.RELATED, recorded.UNRELATED):
                numbers = f" Not here: {plain(one.numbers)}." if one.held < one.tried else ""
                st.markdown(f"**{plain(one.claim)}**: {one.held} of {one.tried}, {one.verdict}.{numbers}")
    st.caption(
        "Last layer before the head, centred form, all test stimuli, 100 labels. *Related*: the answer is a function "
        "of classes the source learnt, or the classes are the same in another drawing; *unrelated*: parity for a "
        "network of magnitude, brightness. Recorded when the networks were shipped."
    )
