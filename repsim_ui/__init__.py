"""The Streamlit side: shell, state, caching, jobs, charts and exports. The science is in ``repsim_core``."""
