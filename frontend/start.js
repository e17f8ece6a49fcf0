// Starts PyScript behind the first paint: its start blocks the page for longer than a shell or a list takes to paint.
// A page in the background is not painted, and does not wait for it.
await new Promise((done) => {
  requestAnimationFrame(() => setTimeout(done));
  setTimeout(done, 100);
});
await import("/frontend/hooks.js");
