"""Tesseract's network component (.lstm): finds its weight matrices and writes others in their place.

The format is that of Network::Serialize and its subclasses in Tesseract 5 (little endian, weights as doubles): a type
name, flags and sizes, then what the type adds. Only the layers that our network has are known; others are refused.
A component made with `lstmtraining --stop_training` (no training state) is expected.
"""
import struct

import numpy

ADAM_FLAG, INT_FLAG, DOUBLE_FLAG = 4, 1, 128
LSTM_GATES = 4  # CI, GI, GF1, GO: cell input, input gate, forget gate, output gate
PLUMBING = ("Series", "Parallel", "RTLReversed", "TTBReversed", "XYTranspose", "ParBidiLSTM")


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0
        self.matrices = []  # (layer name, offset of the first weight, rows, columns)

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values[0] if len(values) == 1 else values

    def text(self):
        size = self.take("I")
        value = self.data[self.at:self.at + size].decode()
        self.at += size
        return value

    def matrix(self, layer):
        mode = self.take("B")
        if mode & INT_FLAG or not mode & DOUBLE_FLAG:
            raise ValueError(f"{layer}: weights are not floating-point; take a component that was not converted")
        rows, columns = self.take("II")
        self.take("d")  # the value of an empty cell
        self.matrices.append((layer, self.at, rows, columns))
        self.at += 8 * rows * columns

    def layer(self):
        if self.take("b") != 0:
            raise ValueError("an old component without type names")
        kind = self.text()
        training, _, flags = self.take("bbi")
        if training == 1:
            raise ValueError("the component holds training state; make it with lstmtraining --stop_training")
        self.take("iii")  # inputs, outputs, weights
        name = self.text()
        if kind in PLUMBING:
            for _ in range(self.take("I")):
                self.layer()
            if flags & 64:  # a learning rate for each layer
                rates = self.take("I")
                self.at += 4 * rates
        elif kind == "Input":
            self.take("5i")
        elif kind in ("Convolve", "Maxpool", "Reconfig"):
            self.take("ii")
        elif kind in ("LSTM", "SummLSTM"):
            self.take("i")
            for _ in range(LSTM_GATES):
                self.matrix(name)
        elif kind in ("Tanh", "Softmax", "Relu", "Logistic", "Linear"):
            self.matrix(name)
        else:
            raise ValueError(f"layer type {kind} is not known here")


def matrices(data):
    """The weight matrices of a component in the order in which they stand."""
    reader = Reader(data)
    reader.layer()
    return reader.matrices


def with_weights(data, weights):
    """The component with its matrices replaced; weights: arrays in the order of matrices(), bias in the last column."""
    places = matrices(data)
    if [(rows, columns) for _, _, rows, columns in places] != [array.shape for array in weights]:
        raise ValueError(f"shapes differ: component {[p[2:] for p in places]}, weights {[a.shape for a in weights]}")
    out = bytearray(data)
    for (_, offset, rows, columns), array in zip(places, weights):
        out[offset:offset + 8 * rows * columns] = numpy.ascontiguousarray(array, dtype="<f8").tobytes()
    return bytes(out)
