// Renews the parts of a page that have changed. Pages are whole without it: it only asks for the same page again, and takes over
// the parts that are marked data-live="…", by their ids.
"use strict";
(() => {
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  if (parts().length === 0) return;

  const sign = document.getElementById("live");
  let stream = null, running = false, again = false, stale = false, timer = 0;

  // What somebody is using stays as it is, until they are done.
  const isInUse = part => {
    const selection = getSelection();
    return part.querySelector("details[open]") !== null
      || part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")
      || selection !== null && !selection.isCollapsed && part.contains(selection.anchorNode);
  };

  const keyOf = element => element.id || element.getAttribute("href") || element.getAttribute("aria-label") || element.form?.getAttribute("action");

  const replace = (part, fresh) => {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    part.replaceWith(fresh);
    if (focused === null) return;
    const key = keyOf(focused);
    [...fresh.querySelectorAll("a, button, summary")].find(element => element.tagName === focused.tagName && keyOf(element) === key)?.focus({ preventScroll: true });
  };

  const renew = async () => {
    if (running) { again = true; return; }
    running = true;
    again = false;
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, cache: "no-store" });
      if (answer.redirected) leave();
      // What answered a form stands at no address of its own.
      else if (answer.status === 404 || answer.status === 405) silence();
      else if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of parts()) {
          const fresh = page.getElementById(part.id);
          if (fresh === null) continue;
          if (isInUse(part)) stale = true;
          else replace(part, document.adoptNode(fresh));
        }
      }
    } catch {
      // The service is away; the stream comes again when it is back, and begins with this.
    }
    running = false;
    if (again) soon();
  };

  // One page at a time, and not more often than anybody can read. Where nobody looks, or nobody says what has changed, the next
  // stream begins with it.
  const soon = () => { if (timer === 0) timer = setTimeout(() => { timer = 0; if (stream !== null) renew(); }, 1000); };

  const done = () => { if (stale) { stale = false; soon(); } };

  // The session has ended. Not the same address again: it may have been a form's.
  const leave = () => { silence(); location.assign("/console/login"); };

  const listen = () => {
    if (stream !== null || document.hidden) return;
    stream = new EventSource("/console/live");
    stream.addEventListener("begin", () => { sign.hidden = false; renew(); });
    stream.addEventListener("changed", event => {
      const changed = event.data.split(" ");
      if (parts().some(part => part.dataset.live.split(" ").some(name => changed.includes(name)))) soon();
    });
    stream.addEventListener("ended", leave);
    stream.addEventListener("error", () => {
      sign.hidden = true;
      // Refused for good, as browsers see it: the session has ended, there are too many pages, or the service is not itself. Once a
      // minute is enough.
      if (stream?.readyState === EventSource.CLOSED) { stream = null; renew(); setTimeout(listen, 60000); }
    });
  };

  const silence = () => { stream?.close(); stream = null; sign.hidden = true; };

  // Browsers open six connections to one address: tabs that nobody sees must not hold them.
  document.addEventListener("visibilitychange", () => document.hidden ? silence() : listen());
  for (const end of ["toggle", "focusout", "selectionchange"]) document.addEventListener(end, done, true);
  addEventListener("pagehide", silence);
  addEventListener("pageshow", listen);
  listen();
})();
