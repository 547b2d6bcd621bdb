"""Topology: the divergence, its kernels, and slow twins of both."""
