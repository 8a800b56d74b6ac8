import { nn, type Tensor } from "simdgrad";

/** Characters that training looks at in one piece. */
export const BLOCK = 64;

/** Reads characters one after the other and carries what matters along in its state. */
export class LstmWriter extends nn.Module {
  readonly embedding: nn.Embedding;
  readonly memory: nn.LSTM;
  readonly next: nn.Linear;

  constructor(vocabSize: number, hidden: number) {
    super();
    this.embedding = new nn.Embedding(vocabSize, 32);
    this.memory = new nn.LSTM(32, hidden, { batchFirst: true });
    this.next = new nn.Linear(hidden, vocabSize);
  }

  /** Tokens [n, time] → logits of what comes next, [n, time, vocabulary]. */
  override forward(tokens: Tensor): Tensor {
    return this.goOn(tokens, null)[0];
  }

  /** The same from a state on, and the state behind it. */
  goOn(tokens: Tensor, state: [Tensor, Tensor] | null): [logits: Tensor, state: [Tensor, Tensor]] {
    const [outputs, after] = this.memory.forward(this.embedding.forward(tokens), state);
    return [this.next.forward(outputs), after];
  }

  /** Writes on from a prompt. */
  write(prompt: Int32Array, options: nn.GenerateOptions): Int32Array {
    return nn.generate<[Tensor, Tensor]>((tokens, { state }) => this.goOn(tokens, state), prompt, options);
  }
}

/** Has no state: each character looks back at all those before it in the piece. */
export class Gpt extends nn.Module {
  readonly embedding: nn.Embedding;
  readonly blocks: nn.TransformerEncoder;
  readonly next: nn.Linear;

  constructor(vocabSize: number, width: number, layers: number) {
    super();
    const options = { dimFeedforward: 4 * width, activation: "gelu", normFirst: true, rotary: true } as const;
    this.embedding = new nn.Embedding(vocabSize, width);
    this.blocks = new nn.TransformerEncoder(
      new nn.TransformerEncoderLayer(width, 4, { ...options, dropout: 0, batchFirst: true }),
      layers,
      { norm: new nn.LayerNorm(width) },
    );
    this.next = new nn.Linear(width, vocabSize);
  }

  /** Tokens [n, time] → logits of what comes next, [n, time, vocabulary]; with a cache, tokens are those that it has not seen. */
  override forward(tokens: Tensor, cache: nn.KVCache | null = null): Tensor {
    const x = this.embedding.forward(tokens);
    return this.next.forward(this.blocks.forward(x, { isCausal: true, cache }));
  }

  /** Writes on from a prompt. The cache holds a block; when it is full, writing goes on from its second half. */
  write(prompt: Int32Array, options: nn.GenerateOptions): Int32Array {
    const cache = new nn.KVCache(BLOCK);
    return nn.generate(
      (tokens, { sequence }) => {
        if (cache.length < BLOCK) return this.forward(tokens, cache);
        cache.reset();
        const [, length = 0] = sequence.shape;
        const kept = { dim: 1, start: length - BLOCK / 2, length: BLOCK / 2 };
        return this.forward(sequence.narrow(kept), cache);
      },
      prompt,
      options,
    );
  }
}
