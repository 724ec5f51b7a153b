// Writes src/generated from the IDLs: one folder a program. Run by `npm run build`.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { extractPdasVisitor, rootNodeFromAnchorWithoutDefaultVisitor } from "@codama/nodes-from-anchor";
import { getRenderMapVisitor } from "@codama/renderers-js";
import {
  createFromRoot,
  getCommonInstructionAccountDefaultRules,
  setFixedAccountSizesVisitor,
  setInstructionAccountDefaultValuesVisitor,
  transformU8ArraysToBytesVisitor,
} from "codama";
import { facts } from "./facts.mjs";
import { shape, readable } from "./shape.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const idls = process.env["GRID_IDL_DIR"] ?? join(root, "../../idl");
const target = join(root, "src/generated");

rmSync(target, { recursive: true, force: true });
for (const file of readdirSync(idls)
  .filter((name) => name.endsWith(".json"))
  .sort()) {
  const idl = JSON.parse(readFileSync(join(idls, file), "utf8"));
  const program = createFromRoot(rootNodeFromAnchorWithoutDefaultVisitor(readable(idl)));
  // Codama's usual steps but two: those take the fields of a struct that one instruction alone uses out of it, so that
  // an instruction's arguments would change when another one comes to use the struct.
  program.update(extractPdasVisitor());
  program.update(setFixedAccountSizesVisitor());
  program.update(setInstructionAccountDefaultValuesVisitor(getCommonInstructionAccountDefaultRules()));
  program.update(transformU8ArraysToBytesVisitor());
  shape(program);
  const folder = join(target, idl.metadata.name.replace("grid_", ""));
  const files = program.accept(
    getRenderMapVisitor({
      kitImportStrategy: "rootOnly",
      dependencyMap: { solanaPluginCore: "../../../extend.js" },
    }),
  );
  const names = new Set(files.keys());
  for (const [name, page] of files) {
    write(join(folder, name), resolveImports(page.content, name, names));
  }
  write(join(folder, "facts.ts"), facts(idl));
  console.log(`${idl.metadata.name}: ${files.size + 1} files`);
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Node resolves no folders and no missing extensions: `../types` becomes `../types/index.js`. */
function resolveImports(text, from, names) {
  return text.replace(/(from\s+|import\s+)(["'])(\.[^"']*)\2/g, (whole, keyword, quote, path) => {
    if (path.endsWith(".js")) return whole;
    const plain = join(dirname(from), path);
    const end = names.has(`${plain}.ts`) ? ".js" : "/index.js";
    return `${keyword}${quote}${path}${end}${quote}`;
  });
}
