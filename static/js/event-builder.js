// On the page of a new event: what would happen as the form says now, and an area drawn by clicks. Without script a
// button shows the same, and the area is written in figures.
"use strict";

(() => {
  const form = document.querySelector("form[data-preview-url]");
  const place = form?.querySelector("[data-preview]");
  if (!place) return;
  const says = form.querySelector("[data-preview-words]");
  const field = (name) => form.elements.namedItem(name);
  let asked = 0;
  let timer = 0;

  async function show() {
    const mine = ++asked;
    const data = new FormData(form);
    data.delete("csrfmiddlewaretoken");
    try {
      const answer = await fetch(`${form.dataset.previewUrl}?${new URLSearchParams(data)}`);
      // An older answer may come later than a newer one.
      if (mine !== asked || !answer.ok) return;
      const open = [...place.querySelectorAll("details")].map((part) => part.open);
      const map = place.querySelector("[data-map]")?.closest(".card");
      place.innerHTML = await answer.text();
      // An area that is half drawn makes no preview, but its map is still needed.
      if (map && !place.querySelector("[data-map]")) place.append(map);
      place.querySelectorAll("details").forEach((part, number) => { part.open = open[number] ?? false; });
      says.textContent = place.querySelector("[data-words]")?.textContent ?? "";
    } catch {
      // Without the network the button below still asks.
    }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(show, 300);
  }

  // Only the fields that the chosen kind of area needs.
  function fit() {
    const kind = field("area").value;
    const needs = { area_name: kind, latitude: kind === "circle", longitude: kind === "circle",
      radius_m: kind === "circle", corners: kind === "polygon" };
    for (const [name, isNeeded] of Object.entries(needs)) field(name).closest(".field").style.display = isNeeded ? "" : "none";
  }

  function pointOf(event, map) {
    const box = map.getBoundingClientRect();
    // The drawing keeps its shape, so it may be smaller than its box.
    const scale = Math.min(box.width / 600, box.height / 400);
    const x = (event.clientX - box.left - (box.width - 600 * scale) / 2) / scale / 600;
    const y = (event.clientY - box.top - (box.height - 400 * scale) / 2) / scale / 400;
    const { top, left, high, wide } = map.dataset;
    return [Number(top) - y * Number(high), Number(left) + x * Number(wide)];
  }

  function metres([lat1, lon1], [lat2, lon2]) {
    const turn = Math.PI / 180;
    const chord = Math.sin(((lat2 - lat1) * turn) / 2) ** 2 +
      Math.cos(lat1 * turn) * Math.cos(lat2 * turn) * Math.sin(((lon2 - lon1) * turn) / 2) ** 2;
    return 2 * 6371008.8 * Math.asin(Math.sqrt(Math.min(1, chord)));
  }

  let isRimNext = false;
  function draw(point) {
    const kind = field("area").value;
    if (kind === "circle" && isRimNext) {
      const middle = [Number(field("latitude").value), Number(field("longitude").value)];
      field("radius_m").value = Math.max(1, Math.round(metres(middle, point)));
      isRimNext = false;
    } else if (kind === "circle") {
      field("latitude").value = point[0].toFixed(6);
      field("longitude").value = point[1].toFixed(6);
      isRimNext = true;
      if (!field("radius_m").value) return;
    } else if (kind === "polygon") {
      const rows = field("corners").value.trim();
      field("corners").value = `${rows ? `${rows}\n` : ""}${point[0].toFixed(6)}, ${point[1].toFixed(6)}`;
    } else {
      return;
    }
    later();
  }

  form.addEventListener("change", (event) => {
    if (event.target === field("area")) {
      isRimNext = false;
      fit();
      if (field("area").value) return;
    }
    later();
  });
  place.addEventListener("click", (event) => {
    const map = event.target.closest("[data-map]");
    if (map) draw(pointOf(event, map));
  });
  form.querySelector("[data-preview-button]")?.remove();
  fit();
  show();
})();
