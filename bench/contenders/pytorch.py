"""PyTorch as a contender: the requests and answers of worker.mjs, one thread.

    python3 pytorch.py installed | tuned
"""

import json
import os
import re
import sys
import time

import torch
from torch import nn

TUNED = sys.argv[1] == "tuned"
torch.set_num_threads(1)
clock = time.process_time if os.environ.get("BENCH_CLOCK") == "cpu" else time.perf_counter


def reader(folder, name):
    with open(f"{folder}/{name}.json") as file:
        spec = json.load(file)
    with open(f"{folder}/{name}.bin", "rb") as file:
        data = bytearray(file.read())

    def load(at):
        dtype = torch.float32 if at["dtype"] == "f32" else torch.int32
        count = 1
        for size in at["shape"]:
            count *= size
        values = torch.frombuffer(data, dtype=dtype, count=count, offset=at["offset"])
        # Class indices must be int64 here.
        values = values.clone() if at["dtype"] == "f32" else values.to(torch.int64)
        return values.reshape(at["shape"])

    return spec, load


class Gemm:
    def __init__(self, spec, load):
        self.a = load(spec["arrays"]["a"])
        self.b = load(spec["arrays"]["b"])

    def step(self):
        torch.mm(self.a, self.b)

    def probe(self):
        return torch.mm(self.a, self.b)[-1, -1].item()


class Op:
    def __init__(self, spec, load):
        x = load(spec["arrays"]["x"])
        y = load(spec["arrays"]["y"]) if "y" in spec["arrays"] else x
        x.requires_grad = spec["op"] == "addTracked"
        self.times = spec.get("repeat", 1)
        self.call = {
            "add": lambda: torch.add(x, y),
            "addTracked": lambda: torch.add(x, y),
            "exp": lambda: torch.exp(x),
            "gelu": lambda: nn.functional.gelu(x),
            "layerNorm": lambda: nn.functional.layer_norm(x, x.shape[-1:]),
            "sigmoid": lambda: torch.sigmoid(x),
            "softmax": lambda: torch.softmax(x, -1),
            "sum": lambda: torch.sum(x),
            "tanh": lambda: torch.tanh(x),
            "transpose": lambda: x.t().contiguous(),
        }[spec["op"]]

    def step(self):
        for _ in range(self.times):
            self.call()

    def probe(self):
        return self.call().reshape(-1)[-1].item()


class LastOutput(nn.Module):
    def __init__(self, kind, layer):
        super().__init__()
        of = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        self.layer = of(layer["in"], layer["hidden"], batch_first=True)

    def forward(self, x):
        return self.layer(x)[0][:, -1]


def module(layer):
    kind = layer["kind"]
    if kind == "linear":
        return nn.Linear(layer["in"], layer["out"])
    if kind == "conv":
        return nn.Conv2d(layer["in"], layer["out"], layer["kernel"], padding=layer["padding"])
    if kind == "maxPool":
        return nn.MaxPool2d(layer["size"])
    if kind in ("lstm", "gru"):
        return LastOutput(kind, layer)
    return {"relu": nn.ReLU, "tanh": nn.Tanh, "flatten": nn.Flatten}[kind]()


class Training:
    probe = None

    def __init__(self, spec, load):
        self.model = nn.Sequential(*[module(layer) for layer in spec["layers"]])
        keys = self.model.state_dict().keys()
        # The recurrent layers lie one level deeper here.
        self.model.load_state_dict({key: load(spec["weights"][key.replace(".layer.", ".")]) for key in keys})
        self.batches = [(load(batch["x"]), load(batch["y"])) for batch in spec["batches"]]
        kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[spec["optimizer"]["kind"]]
        self.optimizer = kind(self.model.parameters(), lr=spec["optimizer"]["lr"])
        self.loss = nn.functional.mse_loss if spec["loss"] == "mse" else nn.functional.cross_entropy
        self.i = 0

    def step(self):
        x, y = self.batches[self.i % len(self.batches)]
        self.i += 1
        if TUNED:
            self.optimizer.zero_grad(set_to_none=True)
        else:
            self.optimizer.zero_grad()
        loss = self.loss(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.item()


def blas():
    """Debian's torch links whichever BLAS the system has chosen; the plain one is 17 times slower."""
    try:
        with open("/proc/self/maps") as file:
            return "OpenBLAS" if "openblas" in file.read() else "plain BLAS"
    except OSError:
        return "unknown BLAS"


def capability():
    found = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    return found.group(1) if found else "unknown CPU capability"


class Worker:
    ready = None

    def start(self, _):
        return {"about": f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread, {blas()}, {capability()}"}

    def open(self, request):
        spec, load = reader(request["folder"], request["workload"])
        self.ready = {"gemm": Gemm, "op": Op, "train": Training}[spec["kind"]](spec, load)
        return {}

    def warm(self, request):
        begin = clock()
        evidence = [self.ready.probe()] if self.ready.probe else []
        steps = 0
        while steps < request["least"] or clock() - begin < request["seconds"]:
            before = clock()
            loss = self.ready.step()
            last = clock() - before
            steps += 1
            if loss is not None and len(evidence) < 3:
                evidence.append(loss)
        return {"evidence": evidence, "last": last, "flops": None, "bytes": None}

    def run(self, request):
        begin = clock()
        for _ in range(request["steps"]):
            self.ready.step()
        return {"seconds": clock() - begin}


worker = Worker()
for line in sys.stdin:
    request = json.loads(line)
    try:
        reply = getattr(worker, request["do"])(request)
    except Exception as error:  # the parent shows it
        reply = {"error": str(error)}
    print(json.dumps(reply), flush=True)
