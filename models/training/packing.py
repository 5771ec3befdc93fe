"""Writes a trained network as the programs load it: ONNX, rounded to the precision that it needs, compressed."""
import gzip
import hashlib
import os

import cv2
import numpy
import onnx
import torch
from onnx import numpy_helper

MANTISSA_BITS = 8    # kept of 23, of the few floats that are no filter's
FILTER_BITS = 8      # of a filter's weights: whole multiples, from -127 to 127, of a power of two of its own


def rounded(values):
    """Floats with MANTISSA_BITS bits of mantissa: the other bits are zero, so that they compress to nothing."""
    drop = 23 - MANTISSA_BITS
    bits = values.astype(numpy.float32).view(numpy.uint32)
    half = numpy.uint32(1 << (drop - 1))
    return ((bits + half) >> numpy.uint32(drop) << numpy.uint32(drop)).view(numpy.float32)


def averaged(files, shares):
    """The average of weights of one shape. What was trained on a little more from the same weights averages to something that
    keeps what both can (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022)."""
    if len(files) != len(shares) or abs(sum(shares) - 1) > 1e-6:
        raise SystemExit("--shares: give one for each file, together 1")
    states = [torch.load(file, map_location="cpu") for file in files]
    return {name: sum(share * state[name] for share, state in zip(shares, states)) if first.dtype.is_floating_point else first
            for name, first in states[0].items()}


def fixed(filters):
    """Filters as whole multiples of a power of two, one for each filter: few different floats, which pack to a quarter."""
    most = numpy.maximum(numpy.abs(filters).max(axis=(1, 2, 3), keepdims=True), 1e-12)
    unit = 2.0 ** numpy.ceil(numpy.log2(most / (2 ** (FILTER_BITS - 1) - 1)))
    return (numpy.round(filters / unit) * unit).astype(numpy.float32)


def pack(path):
    """Rounds the floats of an ONNX file in place and writes it, compressed, as path + ".gz". Gives that path."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == numpy.float32:
            values = fixed(values) if values.ndim == 4 else rounded(values)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    onnx.save(model, path)
    with open(path, "rb") as plain, open(path + ".gz", "wb") as packed:
        packed.write(gzip.compress(plain.read(), 9, mtime=0))
    return path + ".gz"


def publish(network, example, path, names, tolerance):
    """Writes path + ".gz"; stops when OpenCV answers otherwise than torch. Gives the file's name, digest and the answer.

    names are those of the network's input and its outputs; the first is given and compared. Batch normalisation is folded into the convolutions.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    torch.onnx.export(network, example, path, opset_version=11, input_names=names[:1], output_names=names[1:])
    packed = pack(path)
    net = cv2.dnn.readNetFromONNX(path)
    os.remove(path)
    net.setInput(example.numpy())
    answer = net.forward(names[1])
    with torch.no_grad():
        wanted = network(example)
    wanted = wanted[0] if isinstance(wanted, tuple) else wanted
    apart = float(numpy.abs(answer - wanted.numpy()).max())
    print(f"largest difference to torch: {apart:.4f}")
    if apart > tolerance:
        raise SystemExit(f"{packed}: OpenCV answers otherwise than torch, by {apart}")
    with open(packed, "rb") as weights:
        digest = hashlib.sha256(weights.read()).hexdigest()
    print(f"{packed}: {os.path.getsize(packed)} bytes, sha256 {digest}")
    return os.path.basename(packed), digest, answer
