"""A lesion by hand: a rectangle of the plane of units, and only those units switched off."""

import numpy as np
import streamlit as st

from repsim_core.figures import ablation as drawings
from repsim_core.types import FUNCTIONS, AblationGrid
from repsim_ui import ablation, charts, estimates, exports, request
from repsim_ui.ablation_controls import Asked
from repsim_ui.ablation_recipes import LESION
from repsim_ui.messages import plain

HEIGHT = 300


def by_hand(asked: Asked) -> None:
    """The plane to draw on, and what the lesion did."""
    grid = ablation.one_grid(asked)
    if grid is None:
        return
    _corners_from_address(grid)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _plane(grid)
    with right:
        _numbers(grid)
        corners = tuple(float(st.session_state[f"corner_{one}"]) for one in NAMES)
        inside = _inside(grid, corners)
        st.markdown(f"**{inside}** of {len(grid.selectivity)} units lie in the rectangle.")
        if inside:
            _lesion(asked, corners)


NAMES = ("s0", "s1", "m0", "m1")
LABELS = ("Selectivity from", "to", "Magnitude from", "to ")


def _plane(grid: AblationGrid) -> None:
    def drawn() -> None:
        boxes = st.session_state["lesion_plane"].selection.box
        if boxes:
            (s0, s1), (m0, m1) = (sorted(map(float, boxes[0][axis][:2])) for axis in ("x", "y"))
            for name, value in zip(NAMES, (s0, s1, m0, m1), strict=True):
                st.session_state[f"corner_{name}"] = float(f"{value:.4g}")

    charts.show(
        drawings.unit_plane(grid, points=True),
        key="lesion_plane",
        alt="Units of the layer by class selectivity and activation magnitude, to draw a rectangle around.",
        title=f"Units of {grid.layer} for {grid.class_name}",
        table=lambda: grid.to_frame(),
        on_select=drawn,
        selection_mode="box",
    )
    thinned = len(grid.selectivity) > drawings.MOST_UNITS
    st.caption(
        "Draw a rectangle around units, or type its corners; every unit inside is switched off at once."
        + (f" {drawings.MOST_UNITS} of {len(grid.selectivity)} units are drawn." if thinned else "")
    )


def _numbers(grid: AblationGrid) -> None:
    """The same rectangle by the keyboard."""
    with st.container(horizontal=True):
        for name, label in zip(NAMES, LABELS, strict=True):
            st.number_input(label, format="%.4g", key=f"corner_{name}", width=150)


def _corners_from_address(grid: AblationGrid) -> None:
    """Corners from a link, else those of the most selective and strongest cell; kept for another class or layer."""
    subject = f"{grid.model} {grid.layer} {grid.class_name} {grid.unit}"
    if st.session_state.get("corners_of") == subject and all(f"corner_{one}" in st.session_state for one in NAMES):
        st.session_state["corners"] = _words(st.session_state)
        return
    given = str(st.query_params.get("corners", "")).split("_") if "corners_of" not in st.session_state else []
    try:
        corners = [float(one) for one in given]
        if len(corners) != len(NAMES) or not np.isfinite(corners).all():
            raise ValueError
    except ValueError:
        if given and given != [""]:
            st.toast(f"Corners {plain('_'.join(given))} are no four numbers; showing the last cell.")
        units = grid.cells[-1]
        s, m = grid.selectivity[units], grid.magnitude[units]
        corners = [float(s.min()), float(s.max()), float(m.min()), float(m.max())]
    for name, value, up in zip(NAMES, corners, (False, True, False, True), strict=True):
        st.session_state[f"corner_{name}"] = _rounded(value, up)
    st.session_state["corners_of"] = subject
    st.session_state["corners"] = _words(st.session_state)


def _words(state: object) -> str:
    return "_".join(f"{state[f'corner_{one}']:g}" for one in NAMES)  # type: ignore[index]


def _rounded(value: float, up: bool) -> float:
    """Four digits, outward, so that the unit on the edge stays inside."""
    short = float(f"{value:.4g}")
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 3) if value else 0.0
    return short if (short >= value) == up or short == value else float(f"{short + (step if up else -step):.4g}")


def _inside(grid: AblationGrid, corners: tuple[float, ...]) -> int:
    (s0, s1), (m0, m1) = sorted(corners[:2]), sorted(corners[2:])
    s, m = grid.selectivity, grid.magnitude
    return int(((s >= s0) & (s <= s1) & (m >= m0) & (m <= m1)).sum())


def _lesion(asked: Asked, corners: tuple[float, ...]) -> None:
    recipe = asked.recipe
    seconds = 0.5 + 3 * estimates.seconds(recipe.n, [], [], asked.infos) + 0.4 * (recipe.n / 500) ** 2.5
    asking = recipe.to_json() | {"corners": list(corners)}
    title = f"lesion of {recipe.model} on {recipe.dataset}, {asked.layer}, {asked.target}"
    (found,) = request.results(
        [request.of_kind(LESION, asking, title, seconds)],
        HEIGHT,
        said="Switch these units off.",
        button="Lesion",
        name="lesion",
        linked=False,
        partial=False,
    )
    if found.value is None:
        return
    one: AblationGrid = found.value
    with st.container(key="lesion_result"):
        st.markdown(f"**{one.counts[0]} units off**, {len(one.selectivity) - one.counts[0]} left.")
        rows = []
        for name in one.functions:
            error = one.standard_error(name)[0]
            rows.append(
                {
                    "what": FUNCTIONS[name].title,
                    "intact": one.before(name),
                    "without": one.after(name)[0],
                    "loss": one.change(name)[0],
                    "standard error": error,
                }
            )
        for measure in one.measures:
            rows.append({"what": f"{measure} to the intact layer", "without": one.similarity(measure)[0]})
        number = st.column_config.NumberColumn(format="%.4f")
        st.dataframe(
            rows,
            hide_index=True,
            key="lesion_table",
            column_config=dict.fromkeys(("intact", "without", "loss", "standard error"), number),
        )
        stem = exports.file_stem(title)
        exports.downloads(
            [
                ("CSV", f"{stem}.csv", "text/csv", lambda: exports.csv_bytes(one.to_frame())),
                ("NPZ", f"{stem}.npz", "application/octet-stream", one.to_bytes),
            ],
            key="lesion_files",
        )
