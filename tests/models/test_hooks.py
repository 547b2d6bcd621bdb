"""Hooks of one recording hear what it runs, and nothing else that goes through the same network."""

import copy
from threading import Thread

import torch
from torch import nn

from repsim_core.models.hooks import recording


def test_a_recording_hears_its_own_thread_alone_and_not_the_copies_of_its_network():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    seen = []
    with recording(net, None, lambda name, output: seen.append((name, len(output)))):
        other = Thread(target=net, args=(torch.zeros(5, 2),))
        other.start()
        other.join()
        net(torch.zeros(3, 2))
        twin = copy.deepcopy(net)
    assert seen == [("0", 3), ("1", 3)]
    twin(torch.zeros(4, 2))
    net(torch.zeros(4, 2))
    assert seen == [("0", 3), ("1", 3)]


def test_a_pass_of_another_thread_does_not_begin_the_counting_of_calls_anew():
    again = nn.ReLU()
    net = nn.Sequential(again, nn.Linear(2, 2), again)
    seen = []

    def elsewhere(name, _output):
        seen.append(name)
        if name == "0" and len(seen) == 1:
            other = Thread(target=net, args=(torch.zeros(5, 2),))
            other.start()
            other.join()

    with recording(net, ["0", "0#2"], elsewhere):
        net(torch.zeros(3, 2))
    assert seen == ["0", "0#2"]
