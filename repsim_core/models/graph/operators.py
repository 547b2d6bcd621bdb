"""The operators a graph may be made of. What is not listed is not looked up.

All of them compute tensors from tensors and nothing else: none draws random numbers, reads memory that nobody wrote,
opens a file, or has a result whose shape depends on values.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch

from repsim_core.errors import FormatError
from repsim_core.formats import shown_name

_ATEN = """
_adaptive_avg_pool2d.default _log_softmax.default _native_batch_norm_legit_no_training.default _softmax.default
_to_copy.default _unsafe_view.default abs.default absolute.default adaptive_avg_pool1d.default
adaptive_avg_pool2d.default adaptive_avg_pool3d.default adaptive_max_pool1d.default adaptive_max_pool2d.default
add.Scalar add.Tensor add_.Scalar add_.Tensor addbmm.default addcmul.default addcmul_.default addmm.default
alias.default amax.default amin.default any.dim arange.default arange.start arange.start_step argmax.default
argmin.default atan.default avg_pool1d.default avg_pool2d.default avg_pool3d.default baddbmm.default
batch_norm.default bitwise_and.Tensor bitwise_not.default bitwise_or.Tensor bmm.default broadcast_to.default
cat.default ceil.default celu.default celu_.default channel_shuffle.default chunk.default clamp.default clamp_.default
clamp_max.default clamp_max_.default clamp_min.default clamp_min_.default clone.default col2im.default concat.default
concatenate.default constant_pad_nd.default contiguous.default conv1d.default conv1d.padding conv2d.default
conv2d.padding conv3d.default conv3d.padding conv_transpose1d.default conv_transpose2d.input convolution.default
cos.default cosh.default cumsum.default detach.default detach_.default div.Scalar div.Tensor div.Tensor_mode
div_.Scalar div_.Tensor divide.Tensor dropout.default dropout_.default einsum.default elu.default elu_.default
embedding.default eq.Scalar eq.Tensor erf.default erf_.default exp.default expand.default expand_as.default
expm1.default eye.default feature_dropout.default feature_dropout_.default fill.Scalar fill_.Scalar flatten.using_ints
flip.default floor.default floor_divide.default fmod.Scalar frobenius_norm.dim full.default full_like.default
gather.default ge.Scalar ge.Tensor gelu.default gelu_.default glu.default group_norm.default gt.Scalar gt.Tensor
hardsigmoid.default hardsigmoid_.default hardswish.default hardswish_.default hardtanh.default hardtanh_.default
hstack.default im2col.default index.Tensor index_select.default instance_norm.default layer_norm.default le.Scalar
le.Tensor leaky_relu.default leaky_relu_.default lift_fresh_copy.default linalg_vector_norm.default linear.default
linspace.default log.default log1p.default log2.default log_softmax.int logical_and.default logical_not.default
logical_or.default logsumexp.default lt.Scalar lt.Tensor mT.default masked_fill.Scalar masked_fill.Tensor
masked_fill_.Scalar masked_fill_.Tensor matmul.default max.default max.dim max.other max_pool1d.default
max_pool2d.default max_pool2d_with_indices.default max_pool3d.default maximum.default mean.default mean.dim
meshgrid.indexing min.default min.dim min.other minimum.default mish.default mish_.default mm.default moveaxis.int
movedim.int movedim.intlist mul.Scalar mul.Tensor mul_.Scalar mul_.Tensor multiply.Tensor native_group_norm.default
native_layer_norm.default ne.Scalar ne.Tensor neg.default negative.default new_full.default new_ones.default
new_zeros.default norm.ScalarOpt_dim numpy_T.default ones.default ones_like.default outer.default pad.default
permute.default pixel_shuffle.default pixel_unshuffle.default pow.Scalar pow.Tensor_Scalar pow.Tensor_Tensor
pow_.Scalar prelu.default reciprocal.default reflection_pad2d.default relu.default relu6.default relu6_.default
relu_.default remainder.Scalar repeat.default repeat_interleave.self_int replication_pad2d.default reshape.default
reshape_as.default rms_norm.default roll.default round.default rsqrt.default rsub.Scalar scalar_tensor.default
scaled_dot_product_attention.default select.int selu.default selu_.default sigmoid.default sigmoid_.default
sign.default silu.default silu_.default sin.default sinh.default slice.Tensor slice_scatter.default softmax.int
softplus.default softshrink.default split.Tensor split.sizes split_with_sizes.default sqrt.default square.default
squeeze.default squeeze.dim squeeze.dims stack.default std.dim sub.Scalar sub.Tensor sub_.Scalar sub_.Tensor
subtract.Tensor sum.default sum.dim_IntList swapaxes.default swapdims.default t.default tan.default tanh.default
tanh_.default tensor_split.sections tile.default to.device to.dtype to.dtype_layout transpose.int tril.default
triu.default type_as.default unbind.int unflatten.int unfold.default unsafe_chunk.default unsafe_split.Tensor
unsqueeze.default unsqueeze_.default upsample_bicubic2d.vec upsample_bilinear2d.vec upsample_linear1d.vec
upsample_nearest1d.vec upsample_nearest2d.vec var.correction var.dim var_mean.correction view.default view_as.default
vstack.default where.ScalarOther where.ScalarSelf where.self zero_.default zeros.default zeros_like.default
"""
ATEN: frozenset[str] = frozenset(_ATEN.split())

# Argument → the only value it may have, where another would draw random numbers or change the network as it runs.
FIXED: Mapping[str, Mapping[str, Any]] = {
    "batch_norm.default": {"training": False},
    "instance_norm.default": {"running_mean": None, "running_var": None},
    "dropout.default": {"train": False},
    "dropout_.default": {"train": False},
    "feature_dropout.default": {"train": False},
    "feature_dropout_.default": {"train": False},
    "scaled_dot_product_attention.default": {"dropout_p": 0.0},
}

# Run in place of another: the same result, and one more where memory lies otherwise than at export (channels last).
RELAXED: Mapping[str, Any] = {"view.default": torch.ops.aten.reshape.default}

# On sizes: whole numbers in, a whole number out. Their results are computed from the declared formula, and compared.
ARITHMETIC: Mapping[str, Callable[[int, int], int]] = {
    "_operator.add": operator.add,
    "_operator.sub": operator.sub,
    "_operator.mul": operator.mul,
    "_operator.floordiv": operator.floordiv,
    "_operator.mod": operator.mod,
}
SIZE_OF = "torch.ops.aten.sym_size.int"

# Torch's own assertions on types and sizes; our dry run makes them unnecessary.
DROPPED: frozenset[str] = frozenset(
    (
        "torch.ops.aten._assert_tensor_metadata.default",
        "torch.ops.aten._assert_scalar.default",
        "torch.ops.aten.sym_constrain_range_for_size.default",
        "torch.ops.aten.sym_constrain_range.default",
        *(f"_operator.{name}" for name in ("ge", "le", "gt", "lt", "eq", "ne")),
    )
)
_PREFIX = "torch.ops.aten."


def overload(target: str) -> tuple[str, Any]:
    """Name and function of an operator, if it is on the list."""
    name = target.removeprefix(_PREFIX)
    if not target.startswith(_PREFIX) or name not in ATEN:
        raise FormatError(
            f"the graph calls {shown_name(target)}, which is not among the {len(ATEN)} operators that are taken; "
            "save the weights of a known architecture instead, or its responses"
        )
    packet, which = name.split(".")
    found = getattr(getattr(torch.ops.aten, packet, None), which, None)
    if found is None:
        raise FormatError(f"the graph calls {name}, which torch {torch.__version__} does not have; export with it")
    return name, found
