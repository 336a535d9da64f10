/* Draws and refreshes every [data-figure-url] of a page. Needs bokeh.min.js and chart-shapes.js; no eval, no inline code.
     data-figure-url    JSON item of the figure without data
     data-data-url      payload, answered with an ETag; 304 when nothing changed
     data-live-seconds  how often to ask again; absent or 0: once
   In the same figure, each optional: [data-chart-say] or .chart__say, select[data-chart-events], [data-chart-status],
   [data-chart-keys], tbody[data-chart-rows] or [data-chart-table] tbody, [data-chart-rows-note]; anywhere on the page
   tbody[data-chart-list] for a payload's further lists. A payload with `table` has its rows made of what is drawn.
   The element's data-chart-state is loading, ready, empty, stale or error. */
"use strict";

(() => {
  const shapes = window.chartShapes;
  const MARGIN = 3 * shapes.HOUR;
  const SLOWEST_SECONDS = 300;
  const ROWS_SHOWN = 2500;
  const NAMED_SPANS = ["events", "excluded"];
  const phone = window.matchMedia("(max-width: 40rem)");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const painter = document.createElement("canvas").getContext("2d");

  const roleColor = (role) => {
    const value = getComputedStyle(document.documentElement).getPropertyValue(role).trim();
    if (!value) return null;
    painter.fillStyle = "#000";
    painter.fillStyle = value;
    return painter.fillStyle;
  };

  const element = (name, text, options = {}) => Object.assign(document.createElement(name), { textContent: text }, options);

  class Refusal extends Error {}

  const refusalWords = (response) => {
    if (response.status === 401 || response.status === 403 || response.redirected) return shapes.say("signed_out");
    if (response.status === 404) return shapes.say("gone");
    return shapes.say("no_answer");
  };

  const getJson = async (url, headers) => {
    let response;
    try {
      response = await fetch(url, { headers: { Accept: "application/json", ...headers }, cache: "no-store", credentials: "same-origin" });
    } catch {
      throw new Refusal(shapes.say("unreachable"));
    }
    const seconds = Number(response.headers.get("Live-Seconds")) || 0;
    if (response.status === 304) return { unchanged: true, seconds };
    const type = response.headers.get("Content-Type") || "";
    if (!response.ok || !type.includes("json")) throw new Refusal(refusalWords(response));
    return { body: await response.json(), tag: response.headers.get("ETag"), seconds };
  };

  class Chart {
    constructor(place) {
      this.place = place;
      this.figure = place.closest("figure, [data-chart-group]") || place.parentElement;
      this.status = this.part("[data-chart-status]") || place.insertAdjacentElement("afterend", element("p", "", { className: "chart__say" }));
      this.status.setAttribute("aria-live", "polite");
      this.select = this.part("select[data-chart-events]");
      this.seconds = Number(place.dataset.liveSeconds) || 0;
      this.failures = 0;
      this.tag = null;
      this.payload = null;
      this.updatedAt = null;
      this.told = "";
    }

    part(selector) {
      return this.figure.querySelector(selector);
    }

    async start() {
      this.state("loading");
      this.select?.addEventListener("change", () => this.showEvent());
      document.addEventListener("visibilitychange", () => this.wake());
      await this.refresh();
    }

    state(name) {
      this.place.dataset.chartState = name;
    }

    say(words) {
      if (this.status.textContent !== words) this.status.textContent = words;
    }

    /* ---- asking ------------------------------------------------------- */
    async refresh() {
      clearTimeout(this.timer);
      if (this.asking) return;
      this.asking = true;
      try {
        await this.embed();
        const answer = await getJson(this.place.dataset.dataUrl, this.tag ? { "If-None-Match": this.tag } : {});
        this.failures = 0;
        this.updatedAt = new Date();
        // How often to ask again changes while a page is open: an event begins, a meter falls silent.
        if (this.seconds && answer.seconds) this.seconds = answer.seconds;
        if (!answer.unchanged) this.take(answer);
        this.state(this.payload.empty ? "empty" : "ready");
        this.say(this.payload.empty || this.told);
      } catch (error) {
        this.fail(error);
      } finally {
        this.asking = false;
        this.schedule();
      }
    }

    fail(error) {
      if (!(error instanceof Refusal)) console.error(error);
      this.failures += 1;
      const words = error instanceof Refusal ? error.message : shapes.say("not_drawn");
      this.state(this.payload ? "stale" : "error");
      const since = this.updatedAt?.toLocaleTimeString(shapes.LANGUAGE, { hour: "numeric", minute: "2-digit" });
      this.say(since ? shapes.say("stale", { time: since, why: words }) : words);
    }

    schedule() {
      if (document.hidden || !(this.seconds || this.failures)) return;
      const wait = Math.min((this.seconds || 15) * 2 ** this.failures, Math.max(SLOWEST_SECONDS, this.seconds));
      this.timer = setTimeout(() => this.refresh(), wait * 1000);
    }

    wake() {
      clearTimeout(this.timer);
      if (!document.hidden && (this.seconds || this.failures)) this.refresh();
    }

    /* ---- drawing ------------------------------------------------------ */
    async embed() {
      if (this.root) return;
      const { body } = await getJson(this.place.dataset.figureUrl, {});
      this.canvas = this.canvas || this.place.appendChild(element("div", "", { hidden: true }));
      const manager = await window.Bokeh.embed.embed_item(body, this.canvas);
      this.root = manager.roots[0].model;
      this.models = [...this.root.references()];
      this.place.querySelector(".chart__wait")?.remove();
      this.localNumbers();
      this.paint();
      this.narrow();
      phone.addEventListener("change", () => this.narrow());
      this.watchRange();
      this.watchKeys();
    }

    localNumbers() {
      for (const { formatter } of this.models.filter((model) => model.type === "LinearAxis")) {
        const write = formatter.doFormat.bind(formatter);
        formatter.doFormat = (ticks, place) => write(ticks, place).map(shapes.localNumber);
      }
    }

    named(name) {
      return this.models.find((model) => model.name === name);
    }

    take({ body, tag }) {
      const before = this.payload;
      this.payload = body;
      this.told = "";
      this.canvas.hidden = Boolean(body.empty);
      // Ranges before data: what is painted past the frame's edge in wrong ranges is never wiped off.
      for (const [name, props] of Object.entries(body.props)) this.named(name)?.setv(props);
      if (body.view) this.aim(before?.view);
      this.fill(body);
      this.tag = tag;
      this.ticks();
      this.words(body);
      this.options(body.events);
      this.rows(body);
      for (const [name, rows] of Object.entries(body.lists || {})) this.list(name, rows);
    }

    fill(payload) {
      const sources = {};
      for (const [name, columns] of Object.entries(payload.sources)) {
        sources[name] = Object.fromEntries(Object.entries(columns).map(([key, column]) => [key, shapes.numbers(column)]));
      }
      for (const { to, form, from, y, low, high } of payload.steps) {
        sources[to] = form === "line" ? shapes.stepLine(sources[from], y) : shapes.stepArea(sources[from], low, high);
      }
      for (const [name, texts] of Object.entries(payload.texts)) this.addWords(sources[name], texts);
      for (const spans of NAMED_SPANS.map((name) => sources[name]).filter(Boolean)) {
        Object.assign(spans, { shown_name: spans.name.map(() => ""), name_at: spans.start });
      }
      this.drawn = sources;
      this.cells = shapes.cellsOf(sources);
      for (const [name, columns] of Object.entries(sources)) {
        const source = this.named(name);
        if (source) source.data = columns;
      }
    }

    addWords(columns, texts) {
      for (const [name, form] of Object.entries(texts)) {
        columns[`${name}_text`] = Array.from(columns[name], (value) => shapes.numberWords(value, form));
      }
      // A thinned step reaches to the next one, but its value is of one interval.
      const { clock, interval = Infinity } = this.payload;
      columns.when ||= Array.from(columns.start, (start, row) => shapes.slotWords(clock, start, Math.min(start + interval, columns.end[row])));
    }

    /* ---- what is in view ---------------------------------------------- */
    home(view) {
      return phone.matches ? [view.phone_start, view.phone_end] : [view.start, view.end];
    }

    /* A reader who moved keeps the view; one who did not follows the newest data. */
    aim(before) {
      const { view } = this.payload;
      const range = this.named("x_range");
      const [start, end] = this.home(view);
      range.setv({ reset_start: start, reset_end: end });
      const all = { start: view.all_start, end: view.all_end };
      this.named("range_x")?.setv(all);
      const untouched = !before || (range.start === this.home(before)[0] && range.end === this.home(before)[1]);
      if (untouched) range.setv({ start, end });
    }

    watchRange() {
      const range = this.named("x_range");
      if (!range) return;
      const later = () => {
        cancelAnimationFrame(this.frame);
        this.frame = requestAnimationFrame(() => this.ticks());
      };
      range.change.connect(later);
      new ResizeObserver(later).observe(this.place);
    }

    ticks() {
      if (!this.payload?.clock) return;
      for (const plot of this.models.filter((model) => model.type === "Figure")) {
        const axis = plot.below.find((model) => model.tags.includes("local-time"));
        if (!axis) continue;
        const { start, end } = plot.x_range;
        const room = Math.max(2, Math.floor(this.place.clientWidth / 84));
        const { ticks, labels } = this.payload.ticks
          ? shapes.givenTicks(this.payload.ticks, start, end, room)
          : shapes.localTicks(this.payload.clock, start, end, room);
        axis.major_label_overrides = labels;
        axis.ticker.ticks = ticks;
      }
      this.eventNames();
    }

    eventNames() {
      const { start, end } = this.named("x_range");
      const perPixel = (end - start) / Math.max(1, this.place.clientWidth - 50);
      for (const source of NAMED_SPANS.map((name) => this.named(name)).filter((found) => found?.data.name)) {
        const { names, at } = shapes.namesThatFit(source.data, start, end, perPixel);
        source.data = { ...source.data, shown_name: names, name_at: at };
      }
    }

    showEvent() {
      const event = this.payload?.events.find(({ id }) => String(id) === this.select.value);
      const [start, end] = event ? [event.start - MARGIN, event.end + MARGIN] : this.home(this.payload.view);
      this.named("x_range").setv({ start, end });
    }

    watchKeys() {
      if (!this.named("x_range")) return;
      this.place.tabIndex = 0;
      if (!this.place.hasAttribute("role")) this.place.setAttribute("role", "group");
      this.place.setAttribute("aria-description", shapes.say(this.named("cursor") ? "cells" : "keys"));
      this.place.addEventListener("keydown", (event) => this.key(event));
    }

    key(event) {
      const range = this.named("x_range");
      if (!range || event.target !== this.place || event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.named("cursor")) return this.cellKey(event);
      const width = range.end - range.start;
      const moves = { ArrowLeft: [-0.25, -0.25], ArrowRight: [0.25, 0.25], "+": [0.25, -0.25], "-": [-0.5, 0.5] };
      if (event.key === "Home") range.setv({ start: range.reset_start, end: range.reset_end });
      else if (moves[event.key]) range.setv({ start: range.start + moves[event.key][0] * width, end: range.end + moves[event.key][1] * width });
      else return;
      event.preventDefault();
    }

    /* In a heat map the arrow keys lead from cell to cell, and each says its value. */
    cellKey(event) {
      const cell = shapes.nextCell(this.cells, this.cell, event.key);
      if (!cell) return;
      this.cell = cell;
      const { left, right, bottom, top, when, value_text: value, note } = cell;
      this.named("cursor").data = { left: [left], right: [right], bottom: [bottom], top: [top] };
      this.told = `${when}: ${[value, note].filter(Boolean).join(", ")}`;
      this.say(this.told);
      event.preventDefault();
    }

    narrow() {
      const { matches } = phone;
      for (const plot of this.models.filter((model) => model.type === "Figure")) plot.toolbar.visible = !matches;
      if (this.payload?.view) this.aim(null);
    }

    /* ---- words -------------------------------------------------------- */
    words({ say, keys }) {
      const sentence = this.part("[data-chart-say], .chart__say:not([data-chart-status], [data-chart-rows-note])");
      if (sentence && say) sentence.textContent = say;
      const list = this.part("[data-chart-keys]");
      if (list && keys) list.replaceChildren(...keys.map(({ sign, text, count }) => element("li", `${sign} ${text} ${count}`)));
    }

    options(events) {
      if (!this.select || !events) return;
      const chosen = this.select.value;
      const all = [...this.select.options].find(({ value }) => value === "" || value === "all") || new Option(shapes.say("all_times"), "all");
      this.select.replaceChildren(all, ...events.map(({ id, label }) => new Option(label, id)));
      this.select.value = chosen;
      if (this.select.selectedIndex < 0) this.select.selectedIndex = 0;
      this.select.disabled = !events.length;
    }

    rows({ rows, rows_note: note, table }) {
      const body = this.part("tbody[data-chart-rows], [data-chart-table] tbody");
      if (!body || !(rows || table)) return;
      if (!table) return this.showRows(body, rows, note);
      const details = body.closest("details");
      const make = () => this.showRows(body, shapes.tableRows(table, this.drawn[table.from], this.payload.texts[table.from]), "");
      // Two thousand rows are made when somebody looks at them.
      if (!details || details.open) make();
      else details.ontoggle = () => details.open && make();
    }

    list(name, rows) {
      document.querySelector(`tbody[data-chart-list="${name}"]`)?.replaceChildren(...rows.map(tableRow));
    }

    showRows(body, rows, note) {
      body.replaceChildren(...rows.slice(0, ROWS_SHOWN).map(tableRow));
      const cut = rows.length > ROWS_SHOWN ? shapes.say("cut", { shown: ROWS_SHOWN, all: rows.length }) : "";
      this.noteBelow(body, [note, cut].filter(Boolean).join(" "));
    }

    noteBelow(body, words) {
      let place = this.part("[data-chart-rows-note]");
      if (!place && words) {
        place = element("p", "", { className: "chart__say" });
        place.dataset.chartRowsNote = "";
        body.closest("table").after(place);
      }
      if (place) place.textContent = words;
    }

    /* ---- colors ------------------------------------------------------- */
    paint() {
      const font = getComputedStyle(this.place).fontFamily;
      for (const model of this.models) {
        for (const [name, role] of (model.tags || []).map((tag) => String(tag).split("="))) {
          const value = role === "font" ? font : role && roleColor(role);
          if (value) model.setv({ [name]: asSpec(model[name], value) });
        }
      }
    }
  }

  /* A glyph's property is {value: …}; a plain string would be taken for the name of a column. */
  const asSpec = (now, value) => (now !== null && typeof now === "object" && "value" in now ? { value } : value);

  const tableRow = (cells) => {
    const row = document.createElement("tr");
    row.append(...cells.map(tableCell));
    return row;
  };

  const tableCell = (cell, place) => {
    const made = document.createElement(place ? "td" : "th");
    if (place) made.className = "r";
    else made.scope = "row";
    if (cell !== null && typeof cell === "object") made.append(element("a", cell.text, { href: cell.href }));
    else made.textContent = cell;
    return made;
  };

  const begin = () => {
    window.Bokeh?.set_log_level("error");
    const charts = [...document.querySelectorAll("[data-figure-url]")].map((place) => new Chart(place));
    charts.forEach((chart) => chart.start());
    const repaint = () => charts.forEach((chart) => chart.root && chart.paint());
    dark.addEventListener("change", repaint);
    new MutationObserver(repaint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
