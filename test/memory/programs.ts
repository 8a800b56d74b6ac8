import {
  cat,
  crossEntropy,
  detach,
  keep,
  logSoftmax,
  mseLoss,
  mul,
  nn,
  noGrad,
  optim,
  rand,
  randn,
  tanh,
  tensor,
  zeros,
  type Tensor,
} from "../../src/index.ts";

/**
 * The programs that the ownership rule was prototyped against, written as a PyTorch user would: no dispose, no scope. docs/memory.md
 * has them as a table.
 */
export interface Program {
  readonly name: string;
  /** Whether it needs keep() somewhere. */
  readonly keeps: boolean;
  /** Sets up; runs step i. */
  readonly make: () => (i: number) => void;
  /** How many of its steps go into one of the others' time. */
  readonly weight?: number;
}

export const mlp = (inputs = 4, outputs = 3): nn.Sequential =>
  new nn.Sequential(new nn.Linear(inputs, 16), new nn.ReLU(), new nn.Linear(16, outputs));

export const programs: readonly Program[] = [
  {
    name: "a tensor() per step in a sync loop, and the accuracy from the logits",
    keeps: false,
    make() {
      const model = mlp();
      const optimizer = new optim.Adam(model.parameters());
      let hits = 0;
      return (i) => {
        const values = Float32Array.from({ length: 32 }, (_, j) => ((i * 7 + j * 3) % 11) / 11);
        const x = tensor(values, { shape: [8, 4] });
        const y = tensor(Int32Array.from({ length: 8 }, (_, j) => (i + j) % 3));
        optimizer.zeroGrad();
        const logits = model.forward(x);
        const loss = crossEntropy(logits, y);
        loss.backward();
        optimizer.step();
        hits += logits.argmax({ dim: 1 }).eq(y).sum().item();
        if (!(hits >= 0)) throw new Error("no accuracy");
      };
    },
  },
  {
    name: "a running sum of losses, detached",
    keeps: false,
    make() {
      const model = mlp();
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
      const x = randn([8, 4]);
      const y = randn([8, 3]);
      let total: Tensor = zeros([]);
      return () => {
        optimizer.zeroGrad();
        const loss = mseLoss(model.forward(x), y);
        loss.backward();
        optimizer.step();
        total = total.add(loss.detach());
      };
    },
  },
  {
    name: "a running sum of losses that keeps their graph, as `total += loss` does",
    keeps: false,
    make() {
      const model = mlp();
      const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
      const x = randn([8, 4]);
      const y = randn([8, 3]);
      let total: Tensor = zeros([]);
      return (i) => {
        optimizer.zeroGrad();
        const loss = mseLoss(model.forward(x), y);
        loss.backward();
        optimizer.step();
        total = total.add(loss);
        if (i % 100 === 0 && !(total.item() > 0)) throw new Error("no loss");
      };
    },
  },
  {
    name: "teacher and student, the teacher's graph left behind",
    keeps: false,
    make() {
      const teacher = mlp().eval();
      const student = mlp();
      const optimizer = new optim.Adam(student.parameters());
      return () => {
        const x = randn([8, 4]);
        const target = teacher.forward(x).detach();
        optimizer.zeroGrad();
        const loss = mseLoss(student.forward(x), target);
        loss.backward();
        optimizer.step();
      };
    },
  },
  {
    name: "teacher and student, the teacher under noGrad",
    keeps: false,
    make() {
      const teacher = mlp().eval();
      const student = mlp();
      const optimizer = new optim.Adam(student.parameters());
      return () => {
        const x = randn([8, 4]);
        const target = noGrad(() => teacher.forward(x));
        optimizer.zeroGrad();
        const loss = mseLoss(student.forward(x), target);
        loss.backward();
        optimizer.step();
      };
    },
  },
  {
    name: "a GAN's two passes",
    keeps: false,
    make() {
      const generator = mlp(2, 4);
      const critic = mlp(4, 1);
      const forGenerator = new optim.Adam(generator.parameters());
      const forCritic = new optim.Adam(critic.parameters());
      return () => {
        const real = randn([8, 4]);
        const fake = generator.forward(randn([8, 2]));
        forCritic.zeroGrad();
        const loss = critic.forward(real).mean().sub(critic.forward(fake.detach()).mean());
        loss.backward();
        forCritic.step();
        forGenerator.zeroGrad();
        critic.forward(fake).mean().backward();
        forGenerator.step();
      };
    },
  },
  {
    name: "truncated back-propagation through time, the state carried over and detached",
    keeps: false,
    make() {
      const cell = new nn.Linear(6, 4);
      const head = new nn.Linear(4, 1);
      const optimizer = new optim.Adam([...cell.parameters(), ...head.parameters()]);
      let h: Tensor = zeros([3, 4]);
      return () => {
        optimizer.zeroGrad();
        let loss: Tensor | null = null;
        for (let t = 0; t < 5; t++) {
          const x = randn([3, 2]);
          h = tanh(cell.forward(cat([x, h], { dim: 1 })));
          const error = mseLoss(head.forward(h), x.narrow({ dim: 1, start: 0, length: 1 }));
          loss = loss === null ? error : loss.add(error);
        }
        loss?.backward();
        optimizer.step();
        h = detach(h);
      };
    },
  },
  {
    name: "a policy-gradient rollout: many forwards, one backward",
    keeps: false,
    weight: 4,
    make() {
      const policy = mlp(4, 2);
      const optimizer = new optim.Adam(policy.parameters());
      return (episode) => {
        const logProbs: Tensor[] = [];
        const rewards: number[] = [];
        let state: Tensor = rand([1, 4]);
        for (let t = 0; t < 20; t++) {
          const scores = logSoftmax(policy.forward(state), { dim: 1 });
          const action = (episode + t) % 2;
          logProbs.push(scores.select(1, action));
          rewards.push(scores.data[action] as number);
          state = state.mul(0.9).add(0.01 * action);
        }
        optimizer.zeroGrad();
        const losses = logProbs.map((p, t) => p.mul(-(rewards[t] as number)).sum());
        losses.reduce((a, b) => a.add(b)).backward();
        optimizer.step();
      };
    },
  },
  {
    name: "an EMA of weights, in place and anew",
    keeps: false,
    make() {
      const model = mlp();
      const optimizer = new optim.Adam(model.parameters());
      const inPlace = model.parameters().map((p) => p.detach().clone());
      let anew = model.parameters().map((p) => p.detach().clone());
      const x = randn([8, 4]);
      return (i) => {
        optimizer.zeroGrad();
        mseLoss(model.forward(x), x.narrow({ dim: 1, start: 0, length: 3 })).backward();
        optimizer.step();
        noGrad(() => {
          model.parameters().forEach((p, j) => inPlace[j]?.mul_(0.9).add_(p, { alpha: 0.1 }));
        });
        anew = model.parameters().map((p, j) => mul(anew[j] as Tensor, 0.9).add(p.detach().mul(0.1)));
        if (i % 100 !== 99) return;
        inPlace.forEach((t, j) => {
          const other = anew[j]?.data as Float32Array;
          const far = (t.data as Float32Array).findIndex((v, k) => Math.abs(v - (other[k] as number)) > 1e-5);
          if (far >= 0) throw new Error("the two averages differ");
        });
      };
    },
  },
  {
    name: "predictions returned by noGrad and held in an array for 100 steps",
    keeps: false,
    make() {
      const model = mlp();
      const x = randn([8, 4]);
      let held: Tensor[] = [];
      return (i) => {
        held.push(noGrad(() => model.forward(x)));
        if (i % 100 !== 99) return;
        for (const t of held) if (t.data.length !== 24) throw new Error("lost a prediction");
        held = [];
      };
    },
  },
  {
    name: "predictions that noGrad's function pushes to an array outside",
    keeps: true,
    make() {
      const model = mlp();
      const x = randn([8, 4]);
      const held: Tensor[] = [];
      return (i) => {
        noGrad(() => {
          held.push(keep(model.forward(x)));
        });
        if (i % 10 === 9) for (const t of held.splice(0)) t.dispose();
      };
    },
  },
  {
    name: "generation with a cache that a module holds",
    keeps: false,
    make() {
      class Cached extends nn.Module {
        readonly proj = new nn.Linear(4, 4);
        cache: Tensor | null = null;

        forward(x: Tensor): Tensor {
          const key = this.proj.forward(x);
          this.cache = this.cache === null ? key : cat([this.cache, key], { dim: 0 });
          return this.cache.sum({ dim: 0, keepdim: true }).tanh();
        }
      }
      const model = new Cached();
      let x = randn([1, 4]);
      return (i) => {
        if (i % 12 === 0) model.cache = null;
        x = noGrad(() => model.forward(x));
        const cache = model.cache as unknown as Tensor;
        if (cache.data.length !== 4 * ((i % 12) + 1)) throw new Error("lost the cache");
      };
    },
  },
];
