import { binaryCrossEntropyWithLogits, nn, randn, type Tensor } from "simdgrad";
import { AREA } from "../mnist/digits.ts";

const HIDDEN = 400;
/** Numbers that a digit is squeezed into. */
export const LATENT = 20;

/** What the encoder says of digits: for each latent number where it lies and how surely, both [n, LATENT]. */
export interface Code {
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/** What it costs to tell a digit by way of its code, in nats, mean over the digits; together −ELBO. */
export interface Cost {
  /** Minus the log-probability of the pixels, given the code. */
  readonly ofPixels: Tensor;
  /** How far the code's distribution is from the standard normal one (Kullback–Leibler divergence). */
  readonly ofCode: Tensor;
}

/** A variational autoencoder (D. Kingma & M. Welling, "Auto-encoding variational Bayes", 2014). */
export class Vae extends nn.Module {
  readonly encoder = new nn.Sequential(
    new nn.Linear(AREA, HIDDEN),
    new nn.ReLU(),
    new nn.Linear(HIDDEN, 2 * LATENT),
  );
  readonly decoder = new nn.Sequential(
    new nn.Linear(LATENT, HIDDEN),
    new nn.ReLU(),
    new nn.Linear(HIDDEN, AREA),
  );

  encode(ink: Tensor): Code {
    const [mean, logVariance] = this.encoder.forward(ink).chunk(2, { dim: 1 }) as [Tensor, Tensor];
    return { mean, logVariance };
  }

  /** Codes [n, LATENT] → for each pixel [n, AREA] the logit of ink. */
  decode(code: Tensor): Tensor {
    return this.decoder.forward(code);
  }

  override forward(ink: Tensor): Cost {
    const { mean, logVariance } = this.encode(ink);
    const code = mean.add(randn(mean.shape).mul(logVariance.mul(0.5).exp())); // somewhere around the mean
    const surprise = mean.square().add(logVariance.exp()).sub(logVariance).sub(1).mul(0.5);
    const n = ink.shape[0] ?? 1;
    return {
      ofPixels: binaryCrossEntropyWithLogits(this.decode(code), ink, { reduction: "sum" }).div(n),
      ofCode: surprise.sum().div(n),
    };
  }
}
