// Loads PyScript. Its worker hooks are built with Function(...), which our policy forbids; without workers nobody
// misses them.
import { hooks } from "/runtime/pyscript/core.js";

for (const hook of Object.values(hooks.worker)) hook.clear();
