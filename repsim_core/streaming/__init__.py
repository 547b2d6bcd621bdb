"""Streaming: layer maps over more stimuli than fit into memory, planned beforehand within a budget."""

from repsim_core.streaming.plan import StreamingPlan, streaming_plan
from repsim_core.streaming.similarity import StreamedSimilarity, streamed_similarity

__all__ = ["StreamedSimilarity", "StreamingPlan", "streamed_similarity", "streaming_plan"]
