"""A LiteRT network with a few random weights, written in the format itself: the smallest that YAMNet's code can run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from limbeck._runtime import generator
from limbeck.encoders._litert import packed, schema


def tiny_network(shape: tuple[int, int], *, width: int, classes: int, seed: int) -> bytes:
    """Content of a ``.tflite`` file: one convolution with ReLU, its average over the map, and a logistic layer.

    Patches are of `shape` (frame, band); the convolution, 8 x 8 with that step, has `width` channels.
    """
    form = schema()
    draw = generator(seed, "network")
    kernel = torch.randn(width, 8, 8, 1, generator=draw) / 8
    dense = torch.randn(classes, width, generator=draw)
    frames, bands = shape[0] // 8, shape[1] // 8

    graph = _Graph(form)
    patch = graph.tensor((1, *shape))
    image = graph.tensor((1, *shape, 1))
    maps = graph.tensor((1, frames, bands, width))
    averages = graph.tensor((1, 1, 1, width))
    logits, scores = graph.tensor((1, classes)), graph.tensor((1, classes))
    operator, options = form.BuiltinOperator, form.BuiltinOptions
    graph.operator(operator.RESHAPE, [patch, graph.constant(np.array([1, *shape, 1], np.int32))], image)
    convolution = form.Conv2DOptionsT()
    convolution.strideH = convolution.strideW = 8
    convolution.fusedActivationFunction = form.ActivationFunctionType.RELU
    inputs = [image, graph.constant(kernel.numpy()), graph.constant(np.zeros(width, np.float32))]
    graph.operator(operator.CONV_2D, inputs, maps, options.Conv2DOptions, convolution)
    over = form.ReducerOptionsT()
    over.keepDims = True
    axes = graph.constant(np.array([1, 2], np.int32))
    graph.operator(operator.MEAN, [maps, axes], averages, options.ReducerOptions, over)
    inputs = [averages, graph.constant(dense.numpy()), graph.constant(np.zeros(classes, np.float32))]
    fully = form.FullyConnectedOptionsT()
    graph.operator(operator.FULLY_CONNECTED, inputs, logits, options.FullyConnectedOptions, fully)
    graph.operator(operator.LOGISTIC, [logits], scores)
    return graph.content(patch, scores)


class _Graph:
    """Tensors and operators, in the order they are named."""

    def __init__(self, form: Any) -> None:
        self._form = form
        self._buffers = [form.BufferT()]  # the first is empty: what has no constant content points at it
        self._tensors: list[Any] = []
        self._codes: list[Any] = []
        self._operators: list[Any] = []

    def tensor(self, shape: tuple[int, ...], kind: int = 0, buffer: int = 0) -> int:
        made = self._form.TensorT()
        made.shape, made.type, made.buffer, made.name = (
            np.array(shape, np.int32),
            kind,
            buffer,
            f"t{len(self._tensors)}",
        )
        self._tensors.append(made)
        return len(self._tensors) - 1

    def constant(self, value: np.ndarray) -> int:
        buffer = self._form.BufferT()
        buffer.data = np.frombuffer(value.tobytes(), np.uint8)
        self._buffers.append(buffer)
        kinds = {"float32": self._form.TensorType.FLOAT32, "int32": self._form.TensorType.INT32}
        return self.tensor(value.shape, kinds[value.dtype.name], len(self._buffers) - 1)

    def operator(self, kind: int, inputs: list[int], output: int, options_kind: int = 0, options: Any = None) -> None:
        code = self._form.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = kind
        self._codes.append(code)
        made = self._form.OperatorT()
        made.opcodeIndex = len(self._codes) - 1
        made.inputs, made.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        made.builtinOptionsType, made.builtinOptions = options_kind, options
        self._operators.append(made)

    def content(self, taken: int, given: int) -> bytes:
        graph, model = self._form.SubGraphT(), self._form.ModelT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = np.array([taken], np.int32), np.array([given], np.int32)
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, self._codes, [graph], self._buffers
        return packed(model)
