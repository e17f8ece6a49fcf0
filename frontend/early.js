// Dials the page's first socket before Python is there, once the server has said whose the token is. What arrives is kept,
// in order, for Python to adopt (pilito/browser/early.py); a socket that nobody adopts is closed.
(() => {
  const { asked, user, stored, setting, endpoint, session } = window.pilitoBoot;
  const LEDGER = "pilito.dials"; // the dials of all tabs, see pilito/budget.py
  const KEPT = 40;
  const PADDING = "0".repeat(520); // as in pilito/carriers.py
  const UNADOPTED = 30000; // milliseconds
  const early = { socket: null, events: [], opened: false, closed: null };
  let dialled = null; // the endpoint
  let [url, protocols] = ["", []];
  let over = false;
  let timer;

  const discard = () => {
    over = true;
    clearTimeout(timer);
    const { socket } = early;
    early.socket = null;
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    // Closing while it connects can wedge Safari, and is an error on Chromium's console.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close(1000, "Not adopted");
    else socket.close(1000, "Not adopted");
  };
  /** Enter a dial, as Python does, before it is made. */
  const enter = async () => {
    const write = () => {
      let dials = null;
      try { dials = JSON.parse(stored(LEDGER)); } catch { /* as good as empty */ }
      const all = [...(Array.isArray(dials) ? dials : []), Date.now() / 1000].slice(-KEPT);
      try { localStorage.setItem(LEDGER, JSON.stringify(all)); } catch { /* a full store forgets the write */ }
    };
    await (navigator.locks ? navigator.locks.request(LEDGER, write).catch(write) : write());
  };
  const ways = (address) => ({
    query: [`${address}?_=${PADDING}&token=${asked}&_=${PADDING}`, []],
    subprotocol: [address, ["pilito.token", asked]],
  });
  const dial = async () => {
    const path = endpoint(location.pathname);
    const origin = (setting("pilito-backend").replace(/\/+$/, "") || location.origin).replace("http", "ws");
    const way = ways(`${origin}${path}`)[setting("pilito-carrier") || "query"];
    // With the token in a first message nothing would happen before Python is there to send it.
    if (!path || !way || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(asked)) return;
    await enter();
    if (over) return;
    [url, protocols] = way;
    const socket = new WebSocket(url, protocols);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { early.opened = true; };
    socket.onmessage = (event) => early.events.push(event);
    socket.onclose = ({ code, reason }) => { early.closed = { code, reason }; };
    early.socket = socket;
    dialled = path;
    timer = setTimeout(discard, UNADOPTED);
  };

  window.pilitoEarly = {
    discard,
    /** Whether this endpoint was dialled, with the token that is stored, and entered. */
    dialled: (path) => !over && early.socket !== null && path === dialled && (stored("access_token") ?? "").trim() === asked,
    /** The socket, should it be the one that is wanted, with what has happened to it; any other is closed. */
    adopt: (wanted, ...offered) => {
      const fits = !over && early.socket !== null && wanted === url && offered.join() === protocols.join();
      if (!fits) discard();
      over = true;
      clearTimeout(timer);
      return fits ? { ...early, events: early.events.splice(0) } : null;
    },
  };
  addEventListener("pagehide", () => over || discard());
  session.then((found) => {
    if (found && found === user && !document.hidden && !over) dial().catch(discard);
  });
})();
