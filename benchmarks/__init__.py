"""Benchmarks: one question a file, peers side by side in the same run."""
