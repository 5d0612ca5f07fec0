import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PageRequest } from "../src/protocol";
import { createRequests, type Requests } from "../src/requests";
import { SESSION } from "./messages";

let asked: PageRequest[];
let requests: Requests;
beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  const request = (each: PageRequest): unknown => asked.push(each);
  requests = createRequests(SESSION, { request, hello: () => undefined });
});
afterEach(() => {
  vi.useRealTimers();
});

test("an open row asks again only once it has been answered", () => {
  requests.detail("r");
  requests.nextDetail("r");
  requests.nextDetail("other");
  expect(asked.map((each) => "run" in each && each.run)).toEqual(["r", "other"]);
  requests.answered("r");
  requests.nextDetail("r");
  requests.nextDetail("other");
  expect(asked).toHaveLength(3);
});

test("an open row that is never answered asks again after a while, and after a reconnection at once", () => {
  requests.detail("r");
  vi.advanceTimersByTime(60_000);
  requests.nextDetail("r");
  expect(asked).toHaveLength(2);
  requests.again();
  requests.nextDetail("r");
  expect(asked).toHaveLength(3);
});
