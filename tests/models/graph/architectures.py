"""Torchvision's architectures, small enough to export in a second: their own classes, fewer blocks and channels."""

from functools import partial

import torchvision.models as tv
from torch import nn
from torchvision.models import (
    convnext,
    densenet,
    efficientnet,
    maxvit,
    regnet,
    swin_transformer,
    vgg,
    vision_transformer,
)


def _densenet():
    return densenet.DenseNet(growth_rate=4, block_config=(2, 2, 2), num_init_features=8, num_classes=5)


def _convnext():
    blocks = [convnext.CNBlockConfig(8, 16, 1), convnext.CNBlockConfig(16, None, 2)]
    return convnext.ConvNeXt(blocks, stochastic_depth_prob=0.1, num_classes=5)


def _swin(block, merging=swin_transformer.PatchMerging):
    return swin_transformer.SwinTransformer(
        patch_size=[2, 2],
        embed_dim=8,
        depths=[2, 2],
        num_heads=[2, 2],
        window_size=[4, 4],
        stochastic_depth_prob=0.1,
        num_classes=5,
        block=block,
        downsample_layer=merging,
    )


def _vit():
    net = vision_transformer.VisionTransformer(32, 8, 2, 2, 16, 32, dropout=0.1, num_classes=5)
    nn.init.normal_(net.heads.head.weight)  # torchvision starts it at zero, and so its output would be
    return net


def _vgg():
    return vgg.VGG(vgg.make_layers([8, "M", 16, "M"], batch_norm=True), num_classes=5, init_weights=False)


def _small_vgg():
    net = _vgg()
    net.classifier = nn.Sequential(nn.Linear(16 * 49, 12), nn.ReLU(True), nn.Dropout(), nn.Linear(12, 5))
    return net


def _efficientnet():
    blocks = [
        efficientnet.MBConvConfig(1, 3, 1, 8, 8, 1),
        efficientnet.MBConvConfig(4, 3, 2, 8, 16, 2),
        efficientnet.FusedMBConvConfig(4, 3, 2, 16, 16, 2),
    ]
    return efficientnet.EfficientNet(blocks, dropout=0.2, num_classes=5, last_channel=32)


def _regnet():
    return regnet.RegNet(
        regnet.BlockParams.from_init_params(depth=4, w_0=16, w_a=8.0, w_m=2.0, group_width=8, se_ratio=0.25),
        num_classes=5,
    )


def _maxvit():
    return maxvit.MaxVit((32, 32), 8, 4, [8, 16], [1, 1], 8, 0.1, num_classes=5)


def _resnet():
    return tv.resnet.ResNet(tv.resnet.BasicBlock, [1, 1, 1, 1], num_classes=5)


# Name → (maker, side of the pictures in pixels).
ARCHITECTURES = {
    "resnet": (_resnet, 32),
    "resnext": (lambda: tv.resnet.ResNet(tv.resnet.Bottleneck, [1, 1, 1, 1], 5, groups=2, width_per_group=32), 32),
    "vgg": (_small_vgg, 32),
    "squeezenet": (partial(tv.squeezenet1_1, num_classes=5), 32),
    "densenet": (_densenet, 32),
    "mobilenet_v2": (partial(tv.mobilenet_v2, num_classes=5, width_mult=0.25), 32),
    "mobilenet_v3": (partial(tv.mobilenet_v3_small, num_classes=5, width_mult=0.25), 32),
    "mnasnet": (lambda: tv.MNASNet(0.25, num_classes=5), 32),
    "shufflenet": (lambda: tv.ShuffleNetV2([1, 2, 1], [8, 16, 16, 32, 32], num_classes=5), 32),
    "efficientnet": (_efficientnet, 32),
    "regnet": (_regnet, 32),
    "googlenet": (partial(tv.googlenet, num_classes=5, init_weights=True, aux_logits=False), 32),
    "convnext": (_convnext, 32),
    "swin": (partial(_swin, None), 32),
    "swin_v2": (partial(_swin, swin_transformer.SwinTransformerBlockV2, swin_transformer.PatchMergingV2), 32),
    "vit": (_vit, 32),
    "maxvit": (_maxvit, 32),
}
