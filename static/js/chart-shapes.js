/* Pure helpers of the charts: columns to shapes, instants to local ticks, numbers to words. No page, no Bokeh.
   Time is milliseconds since 1970 UTC; `clock` is the payload's list of [from_ms, offset_ms, abbreviation]. */
"use strict";

window.chartShapes = (() => {
  const MINUTE = 60000;
  const HOUR = 60 * MINUTE;
  const DAY = 24 * HOUR;
  const STEPS = [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 182 * DAY, 364 * DAY, 728 * DAY];
  /* The page's language writes days and numbers; the page's JSON says whatever is a word of ours. */
  const LANGUAGE = document.documentElement.lang || "en";
  const WORDS = JSON.parse(document.getElementById("chart-words")?.textContent || "{}");
  const dayPart = (options) => new Intl.DateTimeFormat(LANGUAGE, { ...options, timeZone: "UTC" });
  const WEEKDAY = dayPart({ weekday: "short" });
  const MONTH = dayPart({ month: "short" });
  const TWELVE_HOURS = new Intl.DateTimeFormat(LANGUAGE, { hour: "numeric" }).resolvedOptions().hour12;
  const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

  /* One of the page's sentences, its {names} filled in. */
  const say = (name, values = {}) => (WORDS[name] || "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

  /* JSON knows no NaN: null in a column of numbers becomes NaN. Columns of words stay as they are. */
  const numbers = (column) =>
    column.some((value) => typeof value !== "number" && value !== null)
      ? column
      : Float64Array.from(column, (value) => (value === null ? NaN : value));

  /* A line of steps, one per slot; it breaks where a value is missing or a slot does not join the next. */
  const stepLine = (slots, name) => {
    const x = [];
    const y = [];
    slots.start.forEach((start, row) => {
      const value = slots[name][row];
      if (!known(value)) return;
      if (x.length && x[x.length - 1] !== start) {
        x.push(NaN);
        y.push(NaN);
      }
      x.push(start, slots.end[row]);
      y.push(value, value);
    });
    return { x: Float64Array.from(x), y: Float64Array.from(y) };
  };

  /* Outlines between two stepped edges, one per unbroken run of slots, NaN between them. */
  const stepArea = (slots, lowName, highName) => {
    const x = [];
    const y = [];
    let run = [];
    const close = () => {
      if (!run.length) return;
      for (const row of run) {
        x.push(slots.start[row], slots.end[row]);
        y.push(slots[highName][row], slots[highName][row]);
      }
      for (const row of run.reverse()) {
        x.push(slots.end[row], slots.start[row]);
        y.push(slots[lowName][row], slots[lowName][row]);
      }
      x.push(NaN);
      y.push(NaN);
      run = [];
    };
    slots.start.forEach((start, row) => {
      const whole = known(slots[lowName][row]) && known(slots[highName][row]);
      if (run.length && (!whole || slots.end[run[run.length - 1]] !== start)) close();
      if (whole) run.push(row);
    });
    close();
    return { x: Float64Array.from(x), y: Float64Array.from(y) };
  };

  const stepAt = (clock, ms) => {
    let found = clock[0];
    for (const step of clock) if (step[0] <= ms) found = step;
    return found;
  };
  const wall = (clock, ms) => new Date(ms + stepAt(clock, ms)[1]);

  const hourWords = (at) => {
    if (!TWELVE_HOURS) return `${at.getUTCHours()}:${String(at.getUTCMinutes()).padStart(2, "0")}`;
    const half = at.getUTCHours() < 12 ? "am" : "pm";
    const hour = at.getUTCHours() % 12 || 12;
    const minute = at.getUTCMinutes();
    return `${hour}${minute ? `:${String(minute).padStart(2, "0")}` : ""} ${half}`;
  };
  const dayWords = (at) => `${WEEKDAY.format(at)} ${at.getUTCDate()} ${MONTH.format(at)}`;

  const tickWords = (at, step) => {
    if (step >= 28 * DAY) return `${at.getUTCDate()} ${MONTH.format(at)} ${at.getUTCFullYear()}`;
    if (step >= 7 * DAY) return `${at.getUTCDate()} ${MONTH.format(at)}`;
    if (step >= DAY || (at.getUTCHours() === 0 && at.getUTCMinutes() === 0)) return dayWords(at);
    if (TWELVE_HOURS && at.getUTCHours() === 12 && at.getUTCMinutes() === 0) return say("noon");
    return hourWords(at);
  };

  /* Ticks at round local times: {ticks: [ms], labels: {ms: words}}. A local time that a clock change leaves out has no
     tick, one that it repeats has its first. `room` is how many labels fit. */
  const localTicks = (clock, start, end, room) => {
    const step = STEPS.find((size) => (end - start) / size <= room) || STEPS[STEPS.length - 1];
    const ticks = [];
    const labels = new Map();
    const first = Math.ceil((start + stepAt(clock, start)[1]) / step) * step;
    for (let local = first - step; local <= end + stepAt(clock, end)[1] + step; local += step) {
      const tick = [...new Set(clock.map((row) => local - row[1]))].sort((a, b) => a - b).find((ms) => ms + stepAt(clock, ms)[1] === local);
      if (tick === undefined || tick < start || tick > end) continue;
      ticks.push(tick);
      labels.set(tick, tickWords(new Date(local), step));
    }
    return { ticks, labels };
  };

  /* The same of a payload's own ticks, rows of [place, words]: every second, third … one where not all fit. */
  const givenTicks = (all, start, end, room) => {
    const inside = all.filter(([place]) => place >= start && place <= end);
    const every = Math.ceil(inside.length / Math.max(1, room * 1.5));
    const shown = inside.filter((_, row) => row % every === 0);
    return { ticks: shown.map(([place]) => place), labels: new Map(shown) };
  };

  /* "Thu 23 Jul 2026, 7 to 7:30 pm PDT" */
  const slotWords = (clock, start, end) => {
    const from = wall(clock, start);
    const to = wall(clock, end);
    const [, , zoneFrom] = stepAt(clock, start);
    const [, , zoneTo] = stepAt(clock, end);
    const sameHalf = TWELVE_HOURS && zoneFrom === zoneTo && from.getUTCHours() < 12 === to.getUTCHours() < 12 && dayWords(from) === dayWords(to);
    const begin = sameHalf ? hourWords(from).slice(0, -3) : `${hourWords(from)}${zoneFrom === zoneTo ? "" : ` ${zoneFrom}`}`;
    return `${dayWords(from)} ${from.getUTCFullYear()}, ${say("hours", { first: begin, last: `${hourWords(to)} ${zoneTo}` })}`;
  };

  const clockWords = (clock, ms) => {
    const at = wall(clock, ms);
    return `${dayWords(at)}, ${hourWords(at)} ${stepAt(clock, ms)[2]}`;
  };

  const numberWords = (value, { unit, digits, missing }) => {
    if (!known(value)) return missing;
    const words = value.toLocaleString(LANGUAGE, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: "always" });
    return `${words.replace("-", "−")}${unit ? ` ${unit}` : ""}`;
  };

  /* The cells of a heat map, by column and then by hour. */
  const cellsOf = (sources) =>
    Object.keys(sources)
      .filter((name) => name.startsWith("heat_"))
      .flatMap((name) => Array.from(sources[name].left, (_, row) => Object.fromEntries(Object.entries(sources[name]).map(([key, column]) => [key, column[row]]))))
      .sort((a, b) => a.left - b.left || a.bottom - b.bottom);

  /* The cell that an arrow key leads to, or stays at; undefined for other keys. */
  const nextCell = (cells, now, key) => {
    const ways = {
      ArrowUp: (cell) => cell.left === now.left && cell.bottom < now.bottom && now.bottom - cell.bottom,
      ArrowDown: (cell) => cell.left === now.left && cell.bottom > now.bottom && cell.bottom - now.bottom,
      ArrowLeft: (cell) => cell.bottom === now.bottom && cell.left < now.left && now.left - cell.left,
      ArrowRight: (cell) => cell.bottom === now.bottom && cell.left > now.left && cell.left - now.left,
    };
    if (!ways[key] || !cells.length) return undefined;
    if (!now) return cells[0];
    const found = cells.filter((cell) => ways[key](cell)).sort((a, b) => ways[key](a) - ways[key](b));
    return found[0] || now;
  };

  /* Rows of a table out of drawn columns, the newest measured first, then what is ahead; a pair of names is a range. */
  const tableRows = (table, columns, texts) => {
    const words = (name, row) => (texts[name] ? numberWords(columns[name][row], { ...texts[name], unit: "" }) : columns[name][row]);
    const cell = (name, row) => {
      if (!Array.isArray(name)) return words(name, row);
      const [low, high] = name;
      return known(columns[low][row]) && known(columns[high][row]) ? say("range", { low: words(low, row), high: words(high, row) }) : "–";
    };
    const rows = Array.from(columns.start, (_, row) => table.columns.map((name) => cell(name, row)));
    const ahead = columns[table.columns[1]].findLastIndex(known) + 1;
    return [...rows.slice(0, ahead).reverse(), ...rows.slice(ahead)];
  };

  /* A number as Bokeh wrote it, which it does in English only, in the page's language. */
  const localNumber = (text) => {
    const digits = /^[-−]?\d+(?:\.(\d+))?$/.exec(text);
    if (!digits || LANGUAGE.startsWith("en")) return text;
    return numberWords(Number(text.replace("−", "-")), { unit: "", digits: digits[1]?.length || 0, missing: text });
  };

  /* Names of events as they fit side by side between `start` and `end`, "" where one would run into the next, and
     where each begins: at the event, or at the view's edge for an event that began before. */
  const namesThatFit = (events, start, end, perPixel) => {
    const at = events.start.map((from, row) => (events.end[row] > start ? Math.max(from, start) : from));
    const names = events.name.map(() => "");
    let right = end;
    for (const row of at.map((_, place) => place).sort((a, b) => at[b] - at[a])) {
      if (events.end[row] <= start || at[row] + (events.name[row].length * 7.8 + 10) * perPixel > right) continue;
      names[row] = events.name[row];
      right = at[row];
    }
    return { names, at };
  };

  return { HOUR, LANGUAGE, say, numbers, stepLine, stepArea, localTicks, givenTicks, tableRows, cellsOf, nextCell, slotWords, clockWords, numberWords, localNumber, namesThatFit };
})();
