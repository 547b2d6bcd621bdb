"""Networks exported once for all tests."""

import pytest
import torch

from tests.corpus.exported import doctored, export, small
from tests.models.graph.architectures import ARCHITECTURES


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """By the name of an architecture: the network, and the path of its export."""
    folder = tmp_path_factory.mktemp("exported")
    made = {}

    def one(name):
        if name not in made:
            maker, side = ARCHITECTURES[name]
            with torch.random.fork_rng():
                torch.manual_seed(0)
                network = maker()
                network.train()(torch.rand(4, 3, side, side))  # statistics that are not the initial ones
                network.eval()
                export(network, (torch.rand(2, 3, side, side),), folder / f"{name}.pt2")
            made[name] = network, folder / f"{name}.pt2"
        return made[name]

    return one


@pytest.fixture(scope="session")
def small_file(tmp_path_factory):
    """The small network of the corpus, and its export."""
    path = tmp_path_factory.mktemp("small") / "small.pt2"
    doctored()(path)
    return small(), path
