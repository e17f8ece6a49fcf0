// The conversations page as plain JavaScript would have it: the last known list, the session question, the socket, the
// live list. It does what the Python page does on its way to the first live list, and nothing else.
performance.mark("first line");
const LAST = "twin.last";
const MARKUP = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (letter) => MARKUP[letter]);
const token = localStorage.getItem("access_token");
const list = document.getElementById("rows");
const time = new Intl.DateTimeFormat("en", { hour: "numeric", minute: "numeric" });

const person = (customer) => [customer?.first_name, customer?.last_name].filter(Boolean).join(" ");
const tag = (kind, item) => `<span class="tag ${kind}-${escape(item[kind])}">${escape(item[kind])}</span>`;
const row = (item) => {
  const { content, created_at } = item.last_message ?? { content: "No messages", created_at: item.updated_at };
  const name = person(item.customer);
  return (
    `<li class="row" data-conversation-id="${escape(item.id)}"><a href="/chat/${escape(item.id)}">` +
    `<span class="title" dir="auto">${escape(item.title || name)}</span>` +
    `<time class="when" datetime="${escape(created_at)}">${escape(time.format(new Date(created_at)))}</time>` +
    `<span class="who" dir="auto">${escape(name)}</span>` +
    `<span class="excerpt" dir="auto">${escape(content).slice(0, 160)}</span>` +
    `<span class="tags">${tag("source", item)}${tag("status", item)}</span></a></li>`
  );
};
const show = (items, stale) => {
  list.toggleAttribute("data-stale", stale);
  list.innerHTML = items.map(row).join("");
};

const connect = () => {
  const socket = new WebSocket(`ws://${location.host}/ws/conversations/?token=${encodeURIComponent(token)}`);
  socket.onopen = () => socket.send(JSON.stringify({ type: "get_conversations", filters: { page: 1, page_size: 20 } }));
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type !== "conversations_list") return;
    show(message.conversations, false);
    list.setAttribute("aria-busy", "false");
    localStorage.setItem(LAST, JSON.stringify(message.conversations));
  };
};

const last = localStorage.getItem(LAST);
if (last) show(JSON.parse(last), true);
fetch("/api/v1/usr/auth/status", { headers: { Authorization: `Bearer ${token}` }, credentials: "omit", cache: "no-store" })
  .then((answer) => answer.json())
  .then((answer) => { if (answer.authenticated) connect(); });
