"""A page as a browser's session runs it, and what it drew."""

import base64
import json

import numpy as np
from streamlit.testing.v1 import AppTest

from repsim_ui import cache

PATIENCE = 100  # seconds for one job on a busy machine, less than those for a run of the page


def opened(page, **query):
    """The page of ``pages/`` with this file name, reached by a link."""
    app = AppTest.from_file("../../repsim_ui/shell.py", default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(f"../pages/{page}.py")
    return run(app)


def run(app):
    """One more run of the script, without an error."""
    app.run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def finished(app):
    """Wait for the jobs of the page, and for those that what they found asks for."""
    for _ in range(2):
        for job in [*cache.jobs()._jobs.values()]:
            assert job.finished.wait(PATIENCE)
        run(app)
    return app


def charts(app):
    """Specifications of the charts."""
    return [json.loads(one.proto.spec) for one in app.get("plotly_chart")]


def decoded(array):
    """An array of a chart, which travels in base64 where it is long."""
    if not isinstance(array, dict):
        return np.array(array)
    found = np.frombuffer(base64.b64decode(array["bdata"]), np.dtype(f"<{array['dtype']}"))
    return found.reshape([int(one) for one in array["shape"].split(",")]) if "shape" in array else found


def unescaped(elements):
    """Texts without the backslashes that keep Markdown out."""
    return [one.value.replace("\\", "") for one in elements]


def said(app, words):
    """Whether a text or caption of the page has these words."""
    return any(words in one for one in [*unescaped(app.markdown), *unescaped(app.caption)])
