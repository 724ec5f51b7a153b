// What the renderer leaves out of an IDL: the errors as a table, which production bundles keep, and the events.
import { camelCase, pascalCase } from "codama";

/** The text of `facts.ts` of a program. */
export function facts(idl) {
  const events = idl.events ?? [];
  const types = events.map(({ name }) => `  get${pascalCase(name)}Decoder,\n  type ${pascalCase(name)},`);
  const program = pascalCase(idl.metadata.name);
  const rows = events.map(({ name, discriminator }) => {
    const hex = Buffer.from(discriminator).toString("hex");
    return `  { name: "${name}", discriminator: "${hex}", decoder: get${pascalCase(name)}Decoder() },`;
  });
  const union = events.map(({ name }) => `  | { readonly name: "${name}"; readonly data: ${pascalCase(name)} }`);
  const errors = idl.errors.map((error) => `  ${error.code}: ${JSON.stringify([error.name, error.msg])},`);
  return `// Generated from the IDL by scripts/facts.mjs: do not edit.
import {
${types.join("\n")}
} from "./types/index.js";

/** The program's errors by number: name and sentence. */
export const ${camelCase(idl.metadata.name)}Errors: Readonly<Record<number, readonly [name: string, message: string]>> = {
${errors.join("\n")}
};

/** An event of the program. */
export type ${program}Event =
${union.join("\n")};

/** The program's events: name, first eight bytes in hexadecimal, decoder of the bytes behind them. */
export const ${camelCase(idl.metadata.name)}Events = [
${rows.join("\n")}
] as const;
`;
}
