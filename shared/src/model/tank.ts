import { z } from "zod";

const metres = z.number().gt(0).max(1_000);

/** The shape of a tank, by which a level in metres above its bottom tells litres. */
export const tank = z
  .discriminatedUnion("shape", [
    z.strictObject({
      shape: z.literal("vertical_cylinder").describe("A round tank that stands."),
      diameter_metres: metres.describe("Inner diameter."),
      height_metres: metres.describe("Inner height, up to the overflow."),
    }),
    z.strictObject({
      shape: z.literal("horizontal_cylinder").describe("A round tank that lies."),
      diameter_metres: metres.describe("Inner diameter; also the height."),
      length_metres: metres.describe("Inner length between its flat ends; of a tank with dished ends use a table."),
    }),
    z.strictObject({
      shape: z.literal("rectangle").describe("A basin or tank with straight walls."),
      length_metres: metres.describe("Inner length."),
      width_metres: metres.describe("Inner width."),
      height_metres: metres.describe("Inner height, up to the overflow."),
    }),
    z.strictObject({
      shape: z.literal("table").describe("Any other, by its gauging table."),
      points: z
        .array(z.strictObject({ metres: z.number().min(0).max(1_000), litres: z.number().min(0).max(1e9) }))
        .min(2)
        .max(1_000)
        .describe("Levels with their volumes, both rising, as a gauging table has them; straight lines between."),
    }),
  ])
  .superRefine((value, context) => {
    if (value.shape !== "table") return;
    value.points.forEach((point, index) => {
      const before = value.points[index - 1];
      if (before === undefined || (point.metres > before.metres && point.litres > before.litres)) return;
      context.addIssue({ code: "custom", path: ["points", index], message: "a level and a volume above those before" });
    });
  });
