import { expect, test, vi } from "vitest";
import { createDrawing, type Frame, type Part } from "../src/parts";

test("a part that throws is told of once, and does not keep the others from being drawn", () => {
  const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const drawn: string[] = [];
  const part = (update: Part["update"]): Part => ({ node: {} as HTMLElement, update });
  const failing = part(() => {
    throw new TypeError("no place");
  });
  const draw = createDrawing();
  for (let i = 0; i < 3; i++) draw([failing, part(() => drawn.push("table"))], {} as Frame);
  expect(drawn).toHaveLength(3);
  expect(told).toHaveBeenCalledOnce();
  told.mockRestore();
});
