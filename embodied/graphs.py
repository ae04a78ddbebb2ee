"""Updates replayed as CUDA graphs: a small network's update is then one launch instead of hundreds."""

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # eager calls before recording, in which libraries allocate what they keep


class Recorded:
    """`function(rows)`; on a GPU its kernels are recorded once and replayed.

    The function must do the same work on the same memory at every call and never wait for the device. What it
    returns is overwritten by the next call. Off the GPU, or with `record=False`, it is simply called.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], *, record: bool = True) -> None:
        self._function, self._record = function, record
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._rows = self._out = torch.empty(0)

    def __call__(self, rows: Tensor) -> Tensor:
        if not (self._record and rows.is_cuda):
            return self._function(rows)
        self._calls += 1
        if self._calls <= WARM_UP:
            return self._aside(rows)
        if self._graph is None:
            self._rows, self._graph = rows.clone(), torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):  # records, runs nothing
                self._out = self._function(self._rows)
        self._rows.copy_(rows)
        self._graph.replay()
        return self._out

    def _aside(self, rows: Tensor) -> Tensor:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            out = self._function(rows)
        torch.cuda.current_stream().wait_stream(stream)
        return out
