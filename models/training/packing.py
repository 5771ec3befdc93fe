"""Packs exported weights: rounded to the precision that a network needs, then compressed, as the programs load them."""
import gzip

import numpy
import onnx
from onnx import numpy_helper

MANTISSA_BITS = 8    # kept of 23: errors of 0.2 % in a weight, far below what training leaves to chance


def rounded(values):
    """Floats with MANTISSA_BITS bits of mantissa: the other bits are zero, so that they compress to nothing."""
    drop = 23 - MANTISSA_BITS
    bits = values.astype(numpy.float32).view(numpy.uint32)
    half = numpy.uint32(1 << (drop - 1))
    return ((bits + half) >> numpy.uint32(drop) << numpy.uint32(drop)).view(numpy.float32)


def pack(path):
    """Rounds the floats of an ONNX file in place and writes it, compressed, as path + ".gz". Gives that path."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == numpy.float32:
            tensor.CopyFrom(numpy_helper.from_array(rounded(values), tensor.name))
    onnx.save(model, path)
    with open(path, "rb") as plain, open(path + ".gz", "wb") as packed:
        packed.write(gzip.compress(plain.read(), 9, mtime=0))
    return path + ".gz"
