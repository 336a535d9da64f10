// Names for what Django's admin leaves without: its search field, the choices that are searched while typing,
// the column of inline forms that has no heading.
"use strict";

(() => {
  const ids = (() => { let last = 0; return () => `named-${(last += 1)}`; })();

  function labelOf(select) {
    if (select.labels.length) return select.labels[0];
    const cell = select.closest("td");
    const heading = cell && cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
    return heading || null;
  }

  function nameChoice(container) {
    const select = container.previousElementSibling;
    const choice = container.querySelector(".select2-selection");
    if (!select || !choice || select.tagName !== "SELECT") return;
    const label = labelOf(select);
    if (!label) return;
    label.id ||= ids();
    const chosen = choice.querySelector(".select2-selection__rendered");
    chosen.removeAttribute("role");
    chosen.removeAttribute("aria-readonly");
    choice.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
  }

  // The list that opens. Its field takes the keys: jQuery does not always hand the focus over.
  function nameList(dropdown) {
    const open = document.querySelector(".select2-container--open .select2-selection");
    const name = open && document.getElementById(open.getAttribute("aria-labelledby")?.split(" ")[0]);
    if (!name) return;
    const [field, list] = [dropdown.querySelector(".select2-search__field"), dropdown.querySelector("[role='listbox']")];
    const around = dropdown.closest(".select2-container");
    around.setAttribute("role", "region");
    for (const part of [around, field, list]) part?.setAttribute("aria-labelledby", name.id);
    if (list) open.setAttribute("aria-controls", (list.id ||= ids()));
    if (field) requestAnimationFrame(() => field.focus());
  }

  function nameSearch() {
    const label = document.querySelector("label[for='searchbar']");
    if (!label) return;
    const words = document.createElement("span");
    words.className = "visually-hidden";
    words.textContent = label.closest("form").querySelector("[type='submit']").value;
    label.querySelector("img").alt = "";
    label.append(words);
  }

  function unhead(heading) {
    const cell = document.createElement("td");
    cell.className = heading.className;
    heading.replaceWith(cell);
  }

  function seen(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    for (const part of [node, ...node.querySelectorAll("*")]) {
      if (part.matches(".select2-container")) nameChoice(part);
      if (part.matches(".select2-dropdown")) nameList(part);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    nameSearch();
    document.querySelectorAll(".tabular thead th.original:empty").forEach(unhead);
    document.querySelectorAll(".select2-container").forEach(nameChoice);
    new MutationObserver((changes) => {
      for (const change of changes) change.addedNodes.forEach(seen);
    }).observe(document.body, { childList: true, subtree: true });
  });
})();
