/* Asks for the changing parts of a page again and puts in what is new. Without it the page is as it was when it was loaded.
     [data-live-url]      where the parts come from, answered with an ETag; 304 when nothing changed
     data-live-seconds    how often to ask; 0 or absent: never. The answer's Live-Seconds changes it
   Inside: [data-part="name"], replaced by the part of the same name; what is open stays open, what has the focus keeps
   it. A part that is new, or gone, loads the page again, unless somebody is writing.
   [data-live-pause] stops and goes on; [data-live-status] says so. Its words are data attributes of the page's. */
"use strict";

(() => {
  const place = document.querySelector("[data-live-url]");
  if (!place) return;
  const SLOWEST_SECONDS = 300;
  const parser = new DOMParser();
  const button = document.querySelector("[data-live-pause]");
  const status = document.querySelector("[data-live-status]");
  const shown = new Map();
  let seconds = Number(place.dataset.liveSeconds) || 0;
  let paused = false;
  let failures = 0;
  let tag = null;
  let timer = 0;
  let asking = false;

  const parts = (root) => new Map([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
  const reachable = (root) => [...root.querySelectorAll("a, button, summary, [tabindex]")];
  const say = (words) => {
    if (status && status.textContent !== words) status.textContent = words;
  };

  function isWriting() {
    return [...place.querySelectorAll("input, textarea")].some((field) => field.type !== "hidden" && field.value !== field.defaultValue)
      || Boolean(document.querySelector("dialog[open], :popover-open"));
  }

  function replace(old, fresh) {
    const open = [...old.querySelectorAll("details")].map((details) => details.open);
    const focused = old.contains(document.activeElement) ? reachable(old).indexOf(document.activeElement) : -1;
    [...fresh.querySelectorAll("details")].forEach((details, number) => {
      details.open = Boolean(open[number]);
    });
    old.replaceWith(fresh);
    if (focused >= 0) reachable(fresh)[focused]?.focus({ preventScroll: true });
  }

  function take(text) {
    const fresh = parts(parser.parseFromString(text, "text/html"));
    const current = parts(place);
    const same = fresh.size === current.size && [...fresh.keys()].every((name) => current.has(name));
    if (!same && !isWriting()) {
      location.reload();
      return;
    }
    for (const [name, part] of fresh) {
      const html = part.outerHTML;
      if (current.has(name) && shown.get(name) !== html) replace(current.get(name), document.adoptNode(part));
      shown.set(name, html);
    }
  }

  async function look() {
    clearTimeout(timer);
    if (asking || paused) return;
    asking = true;
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(place.dataset.liveUrl, { headers, cache: "no-store", credentials: "same-origin" });
      if (answer.redirected || (!answer.ok && answer.status !== 304)) throw new Error(String(answer.status));
      if (answer.headers.has("Live-Seconds")) seconds = Number(answer.headers.get("Live-Seconds"));
      if (answer.status !== 304) {
        take(await answer.text());
        tag = answer.headers.get("ETag");
      }
      failures = 0;
      if (!paused) say("");
    } catch {
      failures += 1;
      say(status?.dataset.away || "");
    }
    asking = false;
    wait();
  }

  function wait() {
    clearTimeout(timer);
    if (paused || !seconds || document.hidden) return;
    timer = setTimeout(look, Math.min(seconds * 2 ** failures, Math.max(SLOWEST_SECONDS, seconds)) * 1000);
  }

  function pause() {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    say(paused ? status?.dataset.paused || "" : "");
    if (paused) clearTimeout(timer);
    else look();
  }

  for (const [name, part] of parts(place)) shown.set(name, part.outerHTML);
  button?.addEventListener("click", pause);
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : seconds && look()));
  wait();
})();
