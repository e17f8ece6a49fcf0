// The plain way: one socket, one handler, JSON.parse for each frame.
let next = 0, done;
const socket = new WebSocket(`ws://${location.host}/flood`);
socket.onmessage = (event) => {
  const message = JSON.parse(event.data);
  if (message.type === "chat_message") {
    if (message.n === next) next += 1;
  } else if (message.type === "end") {
    done(next);
  } else {
    globalThis.benchReady = true;
  }
};
globalThis.benchRun = (frames, perSecond) => new Promise((resolve) => {
  next = 0;
  done = resolve;
  socket.send(JSON.stringify({ frames, per_second: perSecond }));
});
