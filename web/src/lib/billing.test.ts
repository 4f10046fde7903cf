import { expect, test } from "vitest";
import { daysLeft, isLate } from "./billing";

test("what is left to pay in is said in days, then in hours", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  const left = (pay_until: string | null) => daysLeft({ pay_until }, now);
  expect(left("2026-11-24T12:00:00Z")).toBe("3 days");
  expect(left("2026-11-22T13:00:00Z")).toBe("1 day");
  expect(left("2026-11-21T17:30:00Z")).toBe("5 hours");
  expect(left("2026-11-21T13:00:00Z")).toBe("1 hour");
  expect(left("2026-11-21T12:10:00Z")).toBe("less than an hour");
  expect(left("2026-11-20T12:00:00Z")).toBe("less than an hour");
  expect(left(null)).toBe("less than an hour");
});

test("a banner is for payments that are missing, not for those that were never made", () => {
  expect((["grace", "suspending", "suspended"] as const).every((stage) => isLate({ stage }))).toBe(true);
  expect((["unpaid", "good", "resuming", "ending", "ended"] as const).some((stage) => isLate({ stage }))).toBe(false);
});
