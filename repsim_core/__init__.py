"""RepSim's core: what neural networks represent, compared layer by layer. Usable without a browser."""

__version__ = "0.1.0"
