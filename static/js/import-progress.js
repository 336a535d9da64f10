// On the page of an import: how far the work on it is; when it is over, the page is loaded again.
"use strict";

(() => {
  const card = document.querySelector("[data-progress-url]");
  if (!card) return;
  const bar = card.querySelector("progress");
  const text = card.querySelector("[data-progress-text]");
  const started = Date.now();

  async function look() {
    try {
      const answer = await fetch(card.dataset.progressUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const now = await answer.json();
      if (!now.moving) {
        location.reload();
        return;
      }
      if (now.percent === null) bar.removeAttribute("value");
      else bar.value = now.percent;
      // Only what changed is written: a screen reader says it each time.
      if (text.textContent !== now.text) text.textContent = now.text;
    } catch {
      // Away for a moment: the next look tells.
    }
    wait();
  }

  function wait() {
    // Often at first, seldom once it takes long, and not at all while nobody looks.
    const pause = Date.now() - started < 60000 ? 1000 : 4000;
    setTimeout(() => (document.hidden ? wait() : look()), pause);
  }

  wait();
})();
