// The same rows and the same clock for every contender. A contender has benchTake(key, json), benchFill(key),
// benchChange(times, way, after), which calls after() behind each change if it is given and returns the last text, and
// may have benchEmpty(); benchReady says that they are there.
{
  const list = () => document.getElementById("rows");
  const layout = () => list().scrollHeight;
  const given = new Set();
  const item = (number, turn) => ({
    id: `c${number}`,
    title: `Order ${number}`,
    who: number % 2 ? "Negar Karimi" : "نگار کریمی",
    excerpt: number % 10 ? `Where is my order? ${turn}` : `Tom & Jerry's <b> ${turn}`,
    when: "2026-11-20T09:00:00.123456Z",
  });

  const take = (rows, turn) => {
    const key = `${rows} ${turn}`;
    if (!given.has(key)) benchTake(key, JSON.stringify(Array.from({ length: rows }, (_, number) => item(number, turn))));
    given.add(key);
    return key;
  };

  const empty = () => {
    list().replaceChildren();
    globalThis.benchEmpty?.();
    layout();
  };

  // The best of several times: whatever else the machine does only ever adds.
  const best = (samples) => samples.reduce((one, other) => one.map((value, at) => Math.min(value, other[at])));

  // Milliseconds until a list that was empty has its rows in the document, and until they are laid out as well.
  globalThis.benchRows = (rows, times) => {
    const samples = [];
    for (let turn = 0; turn < times; turn += 1) {
      const key = take(rows, turn);
      empty();
      const began = performance.now();
      benchFill(key);
      const filled = performance.now();
      layout();
      samples.push([filled - began, performance.now() - began]);
    }
    return best(samples);
  };

  // One row of a list of `rows` is changed: microseconds for a change, and for one that is laid out before the next.
  globalThis.benchOne = (rows, times, way) => {
    empty();
    benchFill(take(rows, 0));
    layout();
    const samples = [];
    for (let turn = 0; turn < 5; turn += 1) {
      let began = performance.now();
      benchChange(10 * times, way, null);
      const script = (performance.now() - began) / 10;
      layout();
      began = performance.now();
      const text = benchChange(times, way, layout);
      samples.push([script, performance.now() - began].map((taken) => (taken / times) * 1000));
      if (!list().textContent.includes(text)) throw new Error(`"${text}" is not in the list`);
    }
    return best(samples);
  };
}
