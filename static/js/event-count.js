// Beside the form of a new event: who would take part in what it says now. Without script the button below tells.
"use strict";

(() => {
  const form = document.querySelector("form[data-count-url]");
  const place = form?.querySelector("[data-count]");
  if (!place) return;
  let asked = 0;

  async function count() {
    const mine = ++asked;
    const query = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(`${form.dataset.countUrl}?${query}`, { headers: { Accept: "application/json" } });
      const words = answer.ok ? (await answer.json()).words : "";
      // An older answer may come later than a newer one.
      if (mine === asked) place.textContent = words;
    } catch {
      if (mine === asked) place.textContent = "";
    }
  }

  form.addEventListener("change", count);
  if (!place.textContent) count();
})();
