"""A LiteRT network that also gives what it knew before its last layer, as fast as the network itself; a tiny one."""

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, final

import numpy as np
import torch

from limbeck._runtime import generator
from limbeck.encoders._module import package
from limbeck.errors import InputError

_QUIET = threading.Lock()


@final
class PatchNetwork:
    """A convolutional classifier: patches in; what it says of each class and the averages its last layer sees out.

    The ``.tflite`` file gives the first alone. Instead of keeping every inner tensor, which the fast kernels cannot,
    the averages are named as a second output before the network is set up: about ten times as fast. It takes one patch
    of a `shape` at a time, (frame, band) of a spectrogram or (sample,) of a waveform; `copies` are networks side by
    side, each on a thread of its own.
    """

    def __init__(self, content: bytes, shape: tuple[int, ...], *, copies: int | None = None) -> None:
        self.content = content
        self.shape = shape
        self._copies = copies or torch.get_num_threads()
        widened = _with_averages(content)
        self._free: SimpleQueue[Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]] = SimpleQueue()
        for _ in range(self._copies):
            self._free.put(_function(widened, shape))
        scores, averages = self(np.zeros((1, *shape), np.float32))
        self.classes, self.dim = scores.shape[1], averages.shape[1]

    def weights(self) -> dict[str, torch.Tensor]:
        """The bytes of its file, uint8."""
        return {"network": torch.frombuffer(bytearray(self.content), dtype=torch.uint8)}

    def __call__(self, patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores (patch, class) and averages (patch, dim) of at least one patch (patch, *shape), all float32."""
        parts = np.array_split(patches, min(self._copies, len(patches)))
        if len(parts) == 1:
            return self._run(patches)
        with ThreadPoolExecutor(len(parts)) as pool:
            scores, averages = zip(*pool.map(self._run, parts), strict=True)
        return np.concatenate(scores), np.concatenate(averages)

    def _run(self, patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        function = self._free.get()
        try:
            scores, averages = zip(*map(function, patches), strict=True)
        finally:
            self._free.put(function)
        return np.stack(scores), np.stack(averages)


def schema() -> Any:
    """The classes of the ``.tflite`` format."""
    return package("ai_edge_litert.schema_py_generated")


def packed(model: Any) -> bytes:
    """A ``ModelT`` of `schema` as the content of a file."""
    builder = package("flatbuffers").Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _with_averages(content: bytes) -> bytes:
    """The same network with two outputs: its own, and the averages over the map that its last dense layer reads."""
    form = schema()
    if content[4:8] != b"TFL3":
        raise InputError("This is not a LiteRT network: a .tflite file has TFL3 in its bytes 4 to 7. Fetch it again.")
    try:
        model = form.ModelT.InitFromObj(form.Model.GetRootAs(content, 0))
    except Exception as error:  # numpy, struct or Python itself, whatever the damaged place was read as
        raise InputError(f"This LiteRT network is damaged: {error} Fetch it again.") from error
    graph = model.subgraphs[0]
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]

    def operators(kind: str) -> list[Any]:
        return [op for op in graph.operators if codes[op.opcodeIndex] == getattr(form.BuiltinOperator, kind)]

    dense, means = operators("FULLY_CONNECTED"), operators("MEAN")
    averages = [op.outputs[0] for op in means if dense and op.outputs[0] == dense[-1].inputs[0]]
    if len(averages) != 1 or len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise InputError(
            "This LiteRT network is not a classifier of sounds: expected were one input, one output and one average "
            "over the map (operator MEAN) that the last dense layer reads, but it has "
            f"{len(graph.inputs)}, {len(graph.outputs)} and {len(averages)}. Use the published file."
        )
    graph.outputs = np.array([graph.outputs[0], averages[0]], np.int32)
    model.signatureDefs = None  # they name the outputs, and would have to be told of the second
    return packed(model)


def _function(content: bytes, shape: tuple[int, ...]) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """One network, set up: a patch to its scores and averages."""
    make = package("ai_edge_litert.interpreter").Interpreter
    with _without_notices():
        network = make(model_content=content, num_threads=1)
    (fed,), (scores, averages) = network.get_input_details(), network.get_output_details()
    size = tuple(int(side) for side in fed["shape"])
    if size != (1, *shape) or fed["dtype"] is not np.float32 or scores["dtype"] is not np.float32:
        raise InputError(
            f"This LiteRT network takes {size} {fed['dtype'].__name__} and gives "
            f"{scores['dtype'].__name__}, but expected were {(1, *shape)} float32 and float32."
        )
    with _without_notices():
        network.allocate_tensors()

    def run(patch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        network.set_tensor(fed["index"], np.ascontiguousarray(patch[None]))
        network.invoke()
        return _values(network, scores), _values(network, averages)

    return run


@contextlib.contextmanager
def _without_notices() -> Iterator[None]:
    """Keep LiteRT from telling on standard error which kernels it took; anything else said there comes through."""
    with _QUIET, tempfile.TemporaryFile() as heard, contextlib.ExitStack() as after:
        try:
            before = os.dup(2)
        except OSError:  # there is no standard error
            yield
            return
        after.callback(os.close, before)
        os.dup2(heard.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(before, 2)
            heard.seek(0)
            for line in heard:
                if not line.startswith(b"INFO:"):
                    os.write(2, line)


def _values(network: Any, tensor: dict[str, Any]) -> np.ndarray:
    """A tensor's numbers, float32 and flat; whole numbers of a quantised network become what they stand for."""
    raw: np.ndarray = network.get_tensor(tensor["index"]).reshape(-1)
    scale, zero = tensor["quantization"]
    return (raw.astype(np.float32) - zero) * np.float32(scale) if scale else raw


def tiny_network(
    shape: tuple[int, ...], *, width: int, classes: int, seed: int, plane: tuple[int, int] | None = None
) -> bytes:
    """The smallest ``.tflite`` file the code here can run: a convolution with ReLU, its average, a logistic layer.

    Patches are of `shape`, which becomes a `plane` (by default it is one); the convolution, 8 x 8 with that step, has
    `width` channels. Where a plane is given there is no logistic layer, and logits are what comes out.
    """
    form = schema()
    draw = generator(seed, "network")
    tall, wide = plane or shape
    values: dict[str, tuple[int, ...] | np.ndarray] = {
        "patch": (1, *shape),
        "plane": (1, tall, wide, 1),
        "maps": (1, tall // 8, wide // 8, width),
        "averages": (1, 1, 1, width),
        "logits": (1, classes),
        "scores": (1, classes),
        "plane_shape": np.array([1, tall, wide, 1], np.int32),
        "kernel": (torch.randn(width, 8, 8, 1, generator=draw) / 8).numpy(),
        "kernel_bias": np.zeros(width, np.float32),
        "axes": np.array([1, 2], np.int32),
        "dense": torch.randn(classes, width, generator=draw).numpy(),
        "dense_bias": np.zeros(classes, np.float32),
    }  # the shapes of what is computed, and constants
    convolution, over = form.Conv2DOptionsT(), form.ReducerOptionsT()
    convolution.strideH = convolution.strideW = 8
    convolution.fusedActivationFunction = form.ActivationFunctionType.RELU
    over.keepDims = True
    operators: tuple[tuple[str, tuple[str, ...], str, Any], ...] = (
        ("RESHAPE", ("patch", "plane_shape"), "plane", None),
        ("CONV_2D", ("plane", "kernel", "kernel_bias"), "maps", convolution),
        ("MEAN", ("maps", "axes"), "averages", over),
        ("FULLY_CONNECTED", ("averages", "dense", "dense_bias"), "logits", form.FullyConnectedOptionsT()),
        ("LOGISTIC", ("logits",), "scores", None),
    )[: 4 if plane else 5]
    model, graph, places = form.ModelT(), form.SubGraphT(), {name: place for place, name in enumerate(values)}
    model.version, model.operatorCodes, model.subgraphs = 3, [], [graph]
    model.buffers = [form.BufferT()]  # empty: what has no constant content points at it
    graph.tensors, graph.operators = [], []
    graph.inputs, graph.outputs = np.array([places["patch"]], np.int32), np.array([places[operators[-1][2]]], np.int32)
    for value in values.values():
        tensor = form.TensorT()
        tensor.name = f"t{len(graph.tensors)}"
        tensor.shape = np.array(value.shape if isinstance(value, np.ndarray) else value, np.int32)
        if isinstance(value, np.ndarray):
            tensor.type, tensor.buffer = getattr(form.TensorType, value.dtype.name.upper()), len(model.buffers)
            buffer = form.BufferT()
            buffer.data = np.frombuffer(value.tobytes(), np.uint8)
            model.buffers.append(buffer)
        graph.tensors.append(tensor)
    for kind, inputs, output, options in operators:
        code, operator = form.OperatorCodeT(), form.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(form.BuiltinOperator, kind)
        operator.opcodeIndex = len(model.operatorCodes)
        operator.inputs = np.array([places[name] for name in inputs], np.int32)
        operator.outputs = np.array([places[output]], np.int32)
        if options is not None:
            operator.builtinOptionsType = getattr(form.BuiltinOptions, type(options).__name__.removesuffix("T"))
            operator.builtinOptions = options
        model.operatorCodes.append(code)
        graph.operators.append(operator)
    return packed(model)
