import { expect, it } from "vitest";
import { allowedOf, countsInWords, windowParts, windowText } from "./waves";

it("a window is taken apart and written as the server writes it", () => {
  for (const text of ["sat,sun 02:00-05:00 Europe/Berlin", "daily 22:00-04:00 UTC", "fri 23:00-23:30 -03:30"]) {
    const parts = windowParts(text);
    expect(parts && windowText(parts)).toBe(text);
  }
  expect(windowParts("sometimes")).toBeNull();
});

it("a wave that is over can only be reverted", () => {
  expect(allowedOf("finished")).toEqual({ pause: false, resume: false, abort: false, revert: true });
  expect(allowedOf("reverted")).toEqual({ pause: false, resume: false, abort: false, revert: false });
  expect(allowedOf("halted").resume).toBe(true);
});

it("counts name only those that there are", () => {
  const none = { waiting: 0, moving: 0, good: 0, failed: 0, skipped: 0, returning: 0, returned: 0, stuck: 0 };
  expect(countsInWords({ ...none, good: 12, waiting: 3 })).toBe("12 good, 3 waiting");
  expect(countsInWords(none)).toBe("nobody yet");
});
