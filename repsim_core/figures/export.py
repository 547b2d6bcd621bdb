"""A figure as it leaves the page: white paper, colours of its own, nothing that only a pointer needs."""

import copy

import plotly.graph_objects as go

from repsim_core.figures.matrix import PICK
from repsim_core.figures.style import escaped

INK = "#101418"


def for_export(fig: go.Figure, *, title: str | None = None) -> go.Figure:
    """A new figure with explicit colours; the one given stays as it is.

    Figures made inside Streamlit carry its placeholder colours (``#000001``, …), which come out black elsewhere.
    """
    content = copy.deepcopy(fig.to_dict())
    traces = [trace for trace in content["data"] if trace.get("meta") != PICK]
    layout = {key: value for key, value in content["layout"].items() if key != "template"}
    if len(traces) < len(content["data"]):
        layout = {key: value for key, value in layout.items() if key not in ("xaxis2", "yaxis2", "hoverdistance")}
    fresh = go.Figure({"data": traces, "layout": layout})
    fresh.update_layout(template="plotly_white", paper_bgcolor="#ffffff", plot_bgcolor="#ffffff", width=None)
    if title is not None:
        top = (fresh.layout.margin.t or 0) + 30
        fresh.update_layout(title=None, margin={"t": top})
        # Not layout.title: Plotly pushes that off the paper where a horizontal colour bar lies above the plot.
        fresh.add_annotation(
            text=escaped(title),
            font={"size": 16},
            x=0,
            xref="paper",
            xanchor="left",
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=top - 28,
            showarrow=False,
        )
    return coloured(fresh, INK)


def coloured(fig: go.Figure, colour: str) -> go.Figure:
    """Set the colour of every text one by one: ``layout.font`` alone misses the tick labels of a theme."""
    fig.update_layout(
        font_color=colour,
        title_font_color=colour,
        legend_font_color=colour,
        legend_title_font_color=colour,
        coloraxis_colorbar_tickfont_color=colour,
        coloraxis_colorbar_title_font_color=colour,
    )
    axis = {"tickfont_color": colour, "title_font_color": colour}
    fig.update_xaxes(**axis)
    fig.update_yaxes(**axis)
    fig.update_annotations(font_color=colour)
    bar = {"tickfont": {"color": colour}, "title": {"font": {"color": colour}}}
    for trace in fig.data:
        if trace.type == "heatmap" and trace.coloraxis is None:
            trace.update(colorbar=bar)
        elif trace.type == "scatter" and trace.marker.colorscale is not None:
            trace.update(marker={"colorbar": bar})
    return fig
