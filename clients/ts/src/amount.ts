// Amounts: atoms on the chain, tokens for people. No floating point anywhere.

declare const unit: unique symbol;

/** A number of atoms, the indivisible unit of a mint; at most 2^64 - 1, as on the chain. */
export type Atoms = bigint & { readonly [unit]: "atoms" };

const MOST = 2n ** 64n - 1n;
const MOST_DECIMALS = 18;

/** Marks a number as atoms. Throws when the chain can't hold it. */
export function atoms(value: bigint): Atoms {
  if (value < 0n || value > MOST) throw new RangeError(`${value} atoms: must be between 0 and ${MOST}`);
  return value as Atoms;
}

/** The atoms of a decimal number of tokens, such as `12.5`. Throws when it has more digits than the mint, or none. */
export function parseTokens(tokens: string, decimals: number): Atoms {
  checkDecimals(decimals);
  const parts = /^(\d+)(?:\.(\d+))?$/.exec(tokens);
  if (!parts) throw new RangeError(`${JSON.stringify(tokens)} is no amount of tokens: write it like 12.5`);
  const [, whole = "0", fraction = ""] = parts;
  if (fraction.length > decimals) throw new RangeError(`${tokens}: the mint has ${decimals} decimals, not ${fraction.length}`);
  return atoms(BigInt(whole + fraction.padEnd(decimals, "0")));
}

/** A number of atoms in tokens, with all decimals of the mint: `12.500000`. */
export function formatTokens(amount: bigint, decimals: number): string {
  checkDecimals(decimals);
  const sign = amount < 0n ? "-" : "";
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, "0");
  const whole = digits.length - decimals;
  return sign + digits.slice(0, whole) + (decimals > 0 ? `.${digits.slice(whole)}` : "");
}

function checkDecimals(decimals: number) {
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > MOST_DECIMALS) {
    throw new RangeError(`${decimals} decimals: must be a whole number between 0 and ${MOST_DECIMALS}`);
  }
}
