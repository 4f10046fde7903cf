import { describe, expect, it } from "vitest";
import { creationOptions, fromBase64, requestOptions, toBase64 } from "./webauthn";

describe("passkeys", () => {
  it("carries every byte there and back", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const text = toBase64(bytes.buffer);
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(new Uint8Array(fromBase64(text))).toEqual(bytes);
  });

  it("turns what the browser wants as bytes into bytes, and leaves the rest", () => {
    const made = creationOptions({ challenge: "AQI", rp: { id: "localhost", name: "Vivier" }, user: { id: "Aw", name: "a", displayName: "a" }, excludeCredentials: [{ id: "BA", type: "public-key" }] });
    expect(new Uint8Array(made.challenge as ArrayBuffer)).toEqual(Uint8Array.of(1, 2));
    expect(new Uint8Array(made.user.id as ArrayBuffer)).toEqual(Uint8Array.of(3));
    expect(new Uint8Array(made.excludeCredentials?.[0]?.id as ArrayBuffer)).toEqual(Uint8Array.of(4));
    expect(made.rp).toEqual({ id: "localhost", name: "Vivier" });
    expect(requestOptions({ challenge: "AQI", rpId: "localhost" }).allowCredentials).toEqual([]);
  });
});
