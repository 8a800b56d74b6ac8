import { data, l1Loss, noGrad, optim, train } from "simdgrad";
import { linesToSvg } from "simdgrad/plot";
import type { Context, Example } from "../shared/contract.ts";
import { tellEpochs } from "../shared/tell.ts";
import { errorsOf, guesses, mean, type Forecasts } from "./errors.ts";
import { Forecaster } from "./forecaster.ts";
import { AHEAD, daysOf, scaleOf, windowsOf, type Scale } from "./parts.ts";
import { readDays, type Day } from "./weather.ts";

/** The year that nothing was learnt from. */
const YEAR = 2015;
/** Days of it that the picture shows: from the first of May, ten weeks. */
const SHOWN = { from: 120, to: 190 };
const LR = 0.003;

async function learn(
  days: readonly Day[],
  scale: Scale,
  { seed, quick, signal, say }: Context,
): Promise<Forecaster> {
  const model = new Forecaster(scale.mean.size, AHEAD);
  const loader = new data.DataLoader(windowsOf(days, scale), { batchSize: 32, shuffle: true, seed });
  const epochs = quick ? 6 : 12;
  const optimizer = new optim.AdamW(model.parameters(), { lr: LR });
  const schedule = new optim.OneCycleLR(optimizer, { maxLr: LR, totalSteps: epochs * loader.length });
  const callbacks = [tellEpochs(say)];
  await train.fit(model, loader, { epochs, optimizer, schedule, loss: l1Loss, callbacks, signal });
  return model;
}

/** What the model foretells for each window of some days, in °C. */
function forecast(model: Forecaster, days: readonly Day[], scale: Scale): Forecasts {
  const windows = windowsOf(days, scale);
  const [past] = windows.batch(Int32Array.from({ length: windows.length }, (_, i) => i));
  const high = { dim: 0, start: 0, length: 1 };
  return noGrad(
    () =>
      model
        .eval()
        .forward(past)
        .mul(scale.deviation.narrow(high))
        .add(scale.mean.narrow(high))
        .toArray() as number[][],
  );
}

export const example: Example = {
  title: "A forecast: the week's temperatures by a GRU, against two guesses",
  async run(context) {
    const { quick, say } = context;
    const days = readDays();
    const learning = daysOf(days, 2012, YEAR - 1);
    const scale = scaleOf(learning);
    const model = await learn(learning, scale, context);

    const byNetwork = forecast(model, daysOf(days, YEAR, YEAR), scale);
    const { truth, asToday, asLastYear } = guesses(days, YEAR, byNetwork.length);
    const rows = [
      { name: "as today", errors: errorsOf(asToday, truth) },
      { name: "as a year ago", errors: errorsOf(asLastYear, truth) },
      { name: "GRU", errors: errorsOf(byNetwork, truth) },
    ] as const;
    say(`\nmean error in ${YEAR}, °C, by days ahead`);
    for (const { name, errors } of rows)
      say(`  ${name.padEnd(14)}${errors.map((error) => error.toFixed(2).padStart(6)).join("")}`);

    context.picture(
      "errors.svg",
      linesToSvg(
        rows.map(({ name, errors }) => ({ name, points: errors.map((error, i) => [i + 1, error]) })),
        { xLabel: "days ahead", yLabel: "°C off", height: 320 },
      ),
    );
    const stretch = (name: string, forecasts: Forecasts) => ({
      name,
      points: forecasts
        .slice(SHOWN.from, SHOWN.to)
        .map(([high = NaN], i) => [SHOWN.from + i + 1, high] as const),
    });
    context.picture(
      "spring.svg",
      linesToSvg([stretch("measured", truth), stretch("foretold the day before", byNetwork)], {
        xLabel: `day of ${YEAR}`,
        yLabel: "°C",
        height: 320,
      }),
    );

    const [naive, , ours] = rows.map(({ errors }) => ({ tomorrow: errors[0] ?? NaN, week: mean(errors) }));
    const less = (of: "tomorrow" | "week"): number => 100 * (1 - (ours?.[of] ?? NaN) / (naive?.[of] ?? NaN));
    return [
      { what: "tomorrow's error", value: ours?.tomorrow ?? NaN, unit: " °C", atMost: quick ? 2.25 : 2.15 },
      { what: "less than by guessing as today", value: less("tomorrow"), unit: " %", atLeast: quick ? 1 : 5 },
      { what: "the same over the week", value: less("week"), unit: " %", atLeast: quick ? 8 : 15 },
    ];
  },
};
