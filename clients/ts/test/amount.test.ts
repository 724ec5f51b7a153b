import assert from "node:assert/strict";
import { test } from "node:test";
import { atoms, formatTokens, parseTokens } from "../src/index.js";

test("tokens become atoms and tokens again, exactly", () => {
  for (const [tokens, decimals, expected] of [
    ["12.5", 6, 12_500_000n],
    ["0.000001", 6, 1n],
    ["0", 6, 0n],
    ["18446744073709.551615", 6, 2n ** 64n - 1n],
    ["9007199254740993", 0, 9_007_199_254_740_993n],
    ["0.1", 18, 100_000_000_000_000_000n],
  ] as const) {
    assert.equal(parseTokens(tokens, decimals), expected, tokens);
    assert.equal(parseTokens(formatTokens(expected, decimals), decimals), expected, tokens);
  }
  assert.equal(formatTokens(12_500_000n, 6), "12.500000");
  assert.equal(formatTokens(1n, 6), "0.000001");
  assert.equal(formatTokens(-1_500_000n, 6), "-1.500000");
  assert.equal(formatTokens(7n, 0), "7");
});

test("what is no amount is refused", () => {
  for (const tokens of ["", ".5", "5.", "-1", "+1", "1e3", "1,5", " 1", "0x1", "1.0000001", "18446744073709.551616"]) {
    assert.throws(() => parseTokens(tokens, 6), RangeError, tokens);
  }
  assert.throws(() => parseTokens("1", -1), RangeError);
  assert.throws(() => formatTokens(1n, 1.5), RangeError);
  assert.throws(() => atoms(-1n), RangeError);
  assert.throws(() => atoms(2n ** 64n), RangeError);
});
