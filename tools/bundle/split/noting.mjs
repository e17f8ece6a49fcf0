// node noting.mjs WASM OUT: write the module so that it notes what it uses; see profile.py.
import { readFileSync, writeFileSync } from "node:fs";
import { instrument } from "./instrument.mjs";

writeFileSync(process.argv[3], instrument(readFileSync(process.argv[2])));
