import { expect, test } from "vitest";
import { isOwn } from "../src/keyboard";

const NONE = { ctrlKey: false, altKey: false, metaKey: false, shiftKey: false };
const own = (key: string, changes: Partial<typeof NONE> = {}, written = false): boolean =>
  isOwn({ key, ...NONE, ...changes }, written);

test("letters, arrows, Enter and blanks are the dashboard's own, with Shift, too", () => {
  for (const key of ["x", "b", "m", "ArrowDown", "Enter", " ", "Delete"])
    expect(own(key)).toBe(true);
  expect(own("ArrowUp", { shiftKey: true }) && own("M", { shiftKey: true })).toBe(true);
});

test("Escape, Shift Enter and keys with Ctrl, Alt or Cmd go on to the page around", () => {
  expect(own("Escape") || own("Enter", { shiftKey: true })).toBe(false);
  expect(own("s", { ctrlKey: true }) || own("z", { metaKey: true })).toBe(false);
  expect(own("D", { altKey: true, shiftKey: true })).toBe(false);
});

test("what edits a text stays in its field", () => {
  expect(own("z", { ctrlKey: true }, true) && own("V", { metaKey: true }, true)).toBe(true);
  expect(own("s", { ctrlKey: true }, true) || own("Escape", {}, true)).toBe(false);
});
