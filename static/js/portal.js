// What a page does beyond HTML: every part of it also works, more plainly, without this file.
"use strict";

(() => {
  // A <dialog popover> opens without script. With script it becomes a modal one: focus stays inside
  // and returns to the button, which a popover does not do.
  function makeModal(dialog) {
    dialog.removeAttribute("popover");
    for (const button of document.querySelectorAll(`[popovertarget="${dialog.id}"]`)) {
      button.removeAttribute("popovertarget");
      button.setAttribute("aria-haspopup", "dialog");
      button.addEventListener("click", () => (dialog.open ? dialog.close() : dialog.showModal()));
    }
  }

  function checkAll(master) {
    const boxes = master.closest("form, table").querySelectorAll(`input[type="checkbox"][name="${master.dataset.checks}"]`);
    for (const box of boxes) box.checked = master.checked;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-print], [data-close]");
    if (!button) return;
    if (button.hasAttribute("data-print")) window.print();
    else button.closest("[data-closable]")?.remove();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-checks]")) checkAll(event.target);
    if (event.target.closest("form[data-autosubmit]")) event.target.form.requestSubmit();
  });

  // Live news, from any script of the page: it stays until it is closed or replaced by later news.
  document.addEventListener("portal:toast", (event) => {
    const toast = document.getElementById("toast-template").content.cloneNode(true);
    toast.querySelector("[data-toast-text]").textContent = event.detail;
    document.querySelector("[data-toasts]").replaceChildren(toast);
  });

  // The first fault of a refused form is where the reader has to go.
  function showFirstFault() {
    document.querySelector(".error-summary")?.focus();
  }

  for (const dialog of document.querySelectorAll("dialog[popover]")) makeModal(dialog);
  for (const needsScript of document.querySelectorAll("[data-needs-script]")) needsScript.hidden = false;
  showFirstFault();
})();
