// Paints, before Python is there, what this user's page last showed: a picture that Python has kept, marked as old.
//
// A picture is a tree of [tag, attributes, ...children] and of texts. It is built node by node, from the tags and the
// attributes below and no others: whatever stands in storage, a text stays a text and a link leads to a path of this site.
(() => {
  const { root, stored, user, userOf, language, texts, endpoint, session, whenParsed } = window.pilitoBoot;
  const ROWS = 20; // of a list; a screenful on all but the tallest screens
  const TAGS = new Set("a button div form h1 header img input label li nav option p section select span strong time ul".split(" "));
  const ATTRIBUTES = new RegExp(
    "^(?:alt|aria-[a-z]+|checked|class|datetime|dir|for|height|hidden|href|id|loading|placeholder|referrerpolicy|role|" +
    "selected|src|title|type|value|width)$",
  );
  const ADDRESSES = { href: /^(?:\/(?![/\\])|#)/, src: /^https?:\/\// };
  const KEY = "pilito.last.";

  const take = (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeType === Node.TEXT_NODE ? node.data : "";
    const attributes = {};
    for (const { name, value } of node.attributes) if (ATTRIBUTES.test(name)) attributes[name] = value;
    if (node.localName === "option") delete attributes.selected;
    if (node.selected) attributes.selected = "";
    const children = node.id === "connections" ? [] : [...node.childNodes];
    return [node.localName, attributes, ...(node.id === "rows" ? children.slice(0, ROWS) : children).map(take)];
  };
  /** What an element shows, as the text that is painted at the next start. */
  window.pilitoPicture = (part) =>
    JSON.stringify({ at: Date.now(), language: root.lang, nodes: [...part.childNodes].map(take) });

  if (user === null) return; // nobody's data without a token

  const build = (tree) => {
    if (!Array.isArray(tree)) return document.createTextNode(String(tree));
    const [tag, attributes, ...children] = tree;
    if (!TAGS.has(tag)) return document.createTextNode("");
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (ATTRIBUTES.test(name) && (ADDRESSES[name]?.test(value) ?? true)) node.setAttribute(name, value);
    }
    node.append(...children.map(build));
    return node;
  };
  const read = (what) => {
    try {
      const { at, language: spoken, nodes } = JSON.parse(stored(`${KEY}${user}.${what}`));
      return spoken === language ? { at: new Date(at), nodes: nodes.map(build) } : null;
    } catch { return null; }
  };
  const part = (id) => document.getElementById(id);
  const fill = (element, nodes) => {
    element.replaceChildren(...nodes);
    // Links work, as below; for the rest nobody is there yet.
    for (const control of element.querySelectorAll("button, input, select")) control.inert = true;
    element.dataset.painted = "";
  };
  const empty = (element, nodes) => {
    if (element.dataset.painted === undefined) return; // Python has taken over
    element.replaceChildren(...nodes);
    delete element.dataset.painted;
  };

  const badge = () => {
    const item = document.createElement("li");
    const [dot, words] = [document.createElement("span"), document.createElement("span")];
    item.className = "badge";
    Object.assign(item.dataset, { state: "connecting", slow: "false" });
    dot.className = "dot";
    words.textContent = texts.connecting;
    item.append(dot, words);
    return item;
  };
  const paintShell = () => {
    const header = read("shell");
    if (!header) return false;
    fill(part("shell"), header.nodes);
    const banner = part("banner");
    if (banner) Object.assign(banner, { hidden: true, textContent: "" });
    return true;
  };
  const asOf = (at) => {
    const today = at.toDateString() === new Date().toDateString();
    const options = today ? { hour: "2-digit", minute: "2-digit" } : { dateStyle: "medium", timeStyle: "short" };
    return texts.asOf.replace("{time}", new Intl.DateTimeFormat(language === "fa" ? "fa-IR" : "en-GB", options).format(at));
  };
  /** Show the address that the page has now: its place in the navigation, and its list as far as it is known. */
  const paintPage = () => {
    const path = location.pathname === "/" ? "/conversations" : location.pathname;
    for (const link of part("shell").querySelectorAll("nav a")) {
      link.toggleAttribute("aria-current", false);
      if (link.getAttribute("href") === path) link.setAttribute("aria-current", "page");
    }
    part("connections")?.replaceChildren(...(endpoint(path) ? [badge()] : []));
    empty(part("page"), []);
    delete root.dataset.painted;
    const list = location.search ? null : read(path);
    if (!list) return;
    fill(part("page"), list.nodes);
    root.dataset.painted = "list";
    const rows = part("rows");
    rows?.setAttribute("aria-busy", "true");
    rows?.setAttribute("data-stale", "true");
    if (part("count")) part("count").textContent = asOf(list.at);
  };

  whenParsed(() => {
    const plain = [...part("shell").childNodes];
    if (!paintShell()) return;
    paintPage();
    const unpaint = () => {
      empty(part("shell"), plain);
      empty(part("page"), []);
      delete root.dataset.painted;
    };
    const painted = () => part("shell").dataset.painted !== undefined;
    // Where a click leads to is what Python shows first.
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.("#shell[data-painted] a[href^='/'], #page[data-painted] a[href^='/']");
      if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      history.pushState(null, "", link.getAttribute("href"));
      if (painted()) paintPage();
    });
    addEventListener("popstate", () => painted() && paintPage());
    addEventListener("storage", ({ key, newValue }) => {
      if (key === null || (key === "access_token" && userOf(newValue) !== user)) unpaint();
    });
    session.then((found) => {
      if (found === user || found === undefined) return;
      unpaint();
      if (found === null) return; // a token that is nobody's may still be renewed: that is for Python to find out
      for (const key of Object.keys(localStorage)) if (key.startsWith(KEY)) localStorage.removeItem(key);
    });
  });
})();
