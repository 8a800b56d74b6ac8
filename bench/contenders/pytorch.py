"""PyTorch as a contender: the requests and answers of worker.mjs, on so many threads.

    python3 pytorch.py installed | tuned  threads
"""

import json
import os
import re
import sys
import time

import torch
from torch import nn

TUNED = sys.argv[1] == "tuned"
torch.set_num_threads(int(sys.argv[2]))
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
            "depthwise": lambda: nn.functional.conv2d(x, y, padding=1, groups=x.shape[1]),
            "exp": lambda: torch.exp(x),
            "gelu": lambda: nn.functional.gelu(x),
            "gemv": lambda: torch.matmul(y, x),
            "layerNorm": lambda: nn.functional.layer_norm(x, x.shape[-1:]),
            "maxPool": lambda: nn.functional.max_pool2d(x, 2),
            "sigmoid": lambda: torch.sigmoid(x),
            "softmax": lambda: torch.softmax(x, -1),
            "sum": lambda: torch.sum(x),
            "sumColumns": lambda: torch.sum(x, 0),
            "sumRows": lambda: torch.sum(x, 1),
            "tanh": lambda: torch.tanh(x),
            "transpose": lambda: x.t().contiguous(),
        }[spec["op"]]

    def step(self):
        for _ in range(self.times):
            self.call()

    def probe(self):
        return self.call().reshape(-1)[-1].item()


class Conv:
    def __init__(self, spec, load):
        x, w, g = (load(spec["arrays"][name]) for name in "xwg")
        self.call = {
            "forward": lambda: nn.functional.conv2d(x, w, padding=1),
            "input": lambda: nn.grad.conv2d_input(x.shape, w, g, padding=1),
            "weight": lambda: nn.grad.conv2d_weight(x, w.shape, g, padding=1),
        }[spec["pass"]]

    def step(self):
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


class Residual(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = sequence(layers)

    def forward(self, x):
        return x + self.layers(x)


class TokensAndPositions(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.tokens = nn.Embedding(layer["vocabulary"], layer["width"])
        self.positions = nn.Embedding(layer["positions"], layer["width"])

    def forward(self, x):
        return self.tokens(x) + self.positions.weight


class Attention(nn.Module):
    """PyTorch 1.13 has no fused attention."""

    def __init__(self, layer):
        super().__init__()
        self.heads = layer["heads"]
        self.qkv = nn.Linear(layer["width"], 3 * layer["width"])
        self.proj = nn.Linear(layer["width"], layer["width"])
        self.future = None

    def forward(self, x):
        batch, time, width = x.shape
        if self.future is None:
            self.future = torch.ones(time, time, dtype=torch.bool).triu(1)
        q, k, v = self.qkv(x).view(batch, time, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * (width // self.heads) ** -0.5
        weights = scores.masked_fill(self.future, -torch.inf).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, time, width))


class GlobalAvgPool(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def sequence(layers):
    return nn.Sequential(*[module(layer) for layer in layers])


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
    if kind == "batchNorm":
        return nn.BatchNorm2d(layer["features"])
    if kind == "layerNorm":
        return nn.LayerNorm(layer["features"])
    if kind == "residual":
        return Residual(layer["layers"])
    if kind == "embedding":
        return TokensAndPositions(layer)
    if kind == "attention":
        return Attention(layer)
    plain = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "flatten": nn.Flatten, "globalAvgPool": GlobalAvgPool}
    return plain[kind]()


class Training:
    probe = None

    def __init__(self, spec, load):
        self.model = sequence(spec["layers"])
        # The recurrent layers lie one level deeper here, and running statistics begin as they are.
        own = {key: key.replace(".layer.", ".") for key in self.model.state_dict()}
        state = {key: load(spec["weights"][name]) for key, name in own.items() if name in spec["weights"]}
        assert len(state) == len(spec["weights"]), "the model lacks weights of the workload"
        self.model.load_state_dict(state, strict=False)
        self.batches = [(load(batch["x"]), load(batch["y"])) for batch in spec["batches"]]
        optim = torch.optim
        kind = {"adam": optim.Adam, "adamw": optim.AdamW, "sgd": optim.SGD}[spec["optimizer"]["kind"]]
        self.optimizer = kind(self.model.parameters(), lr=spec["optimizer"]["lr"])
        self.classes = spec["classes"]
        self.i = 0

    def loss_of(self, output, y):
        if self.classes == 0:
            return nn.functional.mse_loss(output, y)
        return nn.functional.cross_entropy(output.reshape(-1, self.classes), y.reshape(-1))

    def step(self):
        x, y = self.batches[self.i % len(self.batches)]
        self.i += 1
        if TUNED:
            self.optimizer.zero_grad(set_to_none=True)
        else:
            self.optimizer.zero_grad()
        loss = self.loss_of(self.model(x), y)
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


def threads():
    count = torch.get_num_threads()
    return "1 thread" if count == 1 else f"{count} threads"


class Worker:
    ready = None

    def start(self, _):
        return {"about": f"PyTorch {torch.__version__}, {threads()}, {blas()}, {capability()}"}

    def open(self, request):
        spec, load = reader(request["folder"], request["workload"])
        self.ready = {"gemm": Gemm, "op": Op, "conv": Conv, "train": Training}[spec["kind"]](spec, load)
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
        return {"evidence": evidence, "last": last, "flops": None, "bytes": None, "stats": None}

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
