"""The labs: one finding of a paper each, in a few steps of predict, run, explain. Data; the page draws them."""
