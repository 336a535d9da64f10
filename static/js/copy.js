// A button with data-copy puts the value of that field on the clipboard and says so.
"use strict";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without a secure page there is no clipboard; the text is selected, so the keyboard copies it.
    if (!document.execCommand("copy")) return;
  }
  document.dispatchEvent(new CustomEvent("portal:toast", { detail: button.dataset.copied }));
});
