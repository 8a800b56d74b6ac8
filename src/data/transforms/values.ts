import { DTypeError, ShapeError, ValueError } from "../../errors.ts";
import { div, sub } from "../../ops/arithmetic.ts";
import { to } from "../../ops/cast.ts";
import { tensor } from "../../tensor/create.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Transform } from "../transform.ts";
import { onFirst, onImages } from "./images.ts";
import { finite } from "./options.ts";

/**
 * Bytes 0 … 255 to f32 in [0, 1], of any shape; what is f32 already stays as it is. First of the transforms where a dataset holds
 * bytes: torchvision's ToDtype(float32, scale = True).
 * @throws {DTypeError} when called, other dtypes than u8 and f32.
 * @example
 * data.compose(data.transforms.toFloat(), data.transforms.randomHorizontalFlip());
 */
export function toFloat(): Transform {
  return onFirst("toFloat", (x) => {
    if (x.dtype === "f32") return x;
    if (x.dtype !== "u8")
      throw new DTypeError(`toFloat: takes u8 or f32, got ${x.dtype} (which has no range to scale)`);
    return div(to(x, "f32"), 255);
  });
}

const perChannel = (name: string, what: string, values: number | readonly number[]): readonly number[] => {
  const list = typeof values === "number" ? [values] : values;
  if (list.length === 0) throw new ValueError(`${name}: ${what} needs a number a channel, got none`);
  for (const value of list) finite(name, what, value);
  return list;
};

/**
 * (x − mean) / std of images f32 [n, c, h, w]; one number for all channels, or one each.
 * @throws {ValueError} a standard deviation of 0 or less; when called, {ShapeError} another number of channels.
 * @example
 * data.transforms.normalize(0.1307, 0.3081);
 * data.transforms.normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
 */
export function normalize(mean: number | readonly number[], std: number | readonly number[]): Transform {
  const means = perChannel("normalize", "mean", mean);
  const stds = perChannel("normalize", "std", std);
  if (stds.some((value) => value <= 0))
    throw new ValueError(`normalize: std must be above 0, got [${stds.join(", ")}]`);
  return onImages("normalize", (x) => {
    const c = x.shape[1] as number;
    for (const list of [means, stds]) {
      if (list.length !== 1 && list.length !== c) {
        throw new ShapeError(
          `normalize: ${list.length} numbers for the ${c} channels of images ${formatShape(x.shape)} (give one, or one a channel)`,
        );
      }
    }
    const plane = (values: readonly number[]): ReturnType<typeof tensor> =>
      tensor([...values], { shape: [values.length, 1, 1] });
    return div(sub(x, plane(means)), plane(stds));
  });
}
