// The first script of the build: the runtime is compiled while it arrives. Not by a preload: that would keep Chromium
// from finding the compiled code in its cache.
{
  const url = "/runtime/pyodide/pyodide.asm.wasm";
  const plain = async () => WebAssembly.compile(await (await fetch(url)).arrayBuffer()); // a server without its type
  window.pilitoWasm = WebAssembly.compileStreaming(fetch(url)).catch(plain);
  window.pilitoWasm.catch(() => {}); // Pyodide awaits it, and says what is wrong
}
