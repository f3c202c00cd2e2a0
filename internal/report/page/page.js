"use strict";
// Draws the plots and lists the decisions. Names and messages are inserted as text only.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const steps = data.load.length;
  const first = data.start, last = data.start + 60 * Math.max(1, steps - 1);
  const hour = 3600, day = 24 * hour;

  // Elements.
  const el = (tag, props, ...children) => {
    const e = document.createElement(tag);
    Object.assign(e, props);
    e.append(...children);
    return e;
  };
  const svg = (tag, attributes, ...children) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    e.append(...children);
    return e;
  };
  const button = (text, label, action) => {
    const b = el("button", { type: "button", textContent: text, onclick: action });
    if (label) b.setAttribute("aria-label", label);
    return b;
  };

  // Words.
  const two = (n) => String(n).padStart(2, "0");
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const utc = (s) => new Date(s * 1000);
  const clock = (s) => two(utc(s).getUTCHours()) + ":" + two(utc(s).getUTCMinutes());
  const date = (s) => months[utc(s).getUTCMonth()] + " " + utc(s).getUTCDate();
  const iso = (s) => utc(s).toISOString().slice(0, 10);
  const when = (step) => data.start + 60 * step;
  const commas = (v) => {
    const [a, b] = String(Math.abs(v) >= 100 ? Math.round(v) : Math.round(v * 100) / 100).split(".");
    return a.replace(/\B(?=(\d{3})+$)/g, ",") + (b ? "." + b : "");
  };
  const brief = (v) => {
    if (v >= 1e9) return +(v / 1e9).toFixed(2) + "G";
    if (v >= 1e6) return +(v / 1e6).toFixed(2) + "M";
    if (v >= 1e4) return +(v / 1e3).toFixed(1) + "k";
    return commas(v);
  };
  const instances = (n) => n + (n === 1 ? " instance" : " instances");
  const share = (s) => (s === 0 ? "none" : s < 0.00001 ? "less than 0.001 %" : (100 * s).toFixed(3) + " %");

  // Short forms, spread over the steps.
  const spread = (pairs, column) => {
    const out = new Array(steps);
    for (let i = 0; i < pairs.length; i++) {
      out.fill(pairs[i][column], pairs[i][0], i + 1 < pairs.length ? pairs[i + 1][0] : steps);
    }
    return out;
  };
  const xs = Array.from({ length: steps }, (_, i) => when(i));
  const scalers = data.scalers.map((s, i) => {
    const inService = spread(s.inService, 1);
    return {
      name: s.name, inService,
      shown: i === 0 || s.name === "application-auto-scaling" || data.scalers.length === 2,
      capacity: inService.map((n) => n * data.capacity),
      lost: inService.map((n, t) => Math.max(0, data.load[t] - n * data.capacity)),
      dash: { sagescale: [], "application-auto-scaling": [8, 4], hpa: [2, 3], kpa: [10, 3, 2, 3] }[s.name] || [4, 4],
      width: i === 0 ? 2.5 : 1.75,
    };
  });
  const highest = data.limits.reduce((m, l) => Math.max(m, l[2]), 0), lowest = data.limits.reduce((m, l) => Math.min(m, l[1]), Infinity);
  const shown = { load: true, limits: true };

  // Time plots.
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const known = (name) => (/^[a-z-]+$/.test(name) && colour(name)) || colour("soft");
  let plots = [], range = [first, last], chosen = null, moving = false;

  const ticks = (u, values, axis, space, step) => values.map((v, i) => {
    if (step >= day) return date(v);
    return i === 0 || v % day === 0 ? clock(v) + "\n" + date(v) : clock(v);
  });
  const axis = (side, scale, extra) => Object.assign({
    side, scale, stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 },
    font: "12px system-ui, sans-serif",
  }, extra);
  const narrow = () => $("plot").clientWidth < 560;

  const options = (height, series, axes, scales, hooks) => ({
    width: $("plot").clientWidth, height, series, axes, hooks,
    tzDate: (s) => uPlot.tzDate(utc(s), "Etc/UTC"),
    scales: Object.assign({ x: { time: true, min: range[0], max: range[1] }, y: { range: (u, lo, hi) => [0, hi > 0 ? hi * 1.08 : 1] } }, scales),
    legend: { show: false },
    cursor: { sync: { key: "time", setSeries: false }, drag: { x: true, y: false }, points: { show: false }, y: false },
    padding: [8, narrow() ? 8 : 4, 0, 0],
  });
  // Steps of thousands of minutes are too many to draw one by one: where several fall on
  // a pixel, lines, which uPlot thins to the lowest and the highest, look the same.
  // A browser that uPlot does not run in still shows the decisions.
  const able = typeof uPlot !== "undefined";
  const steps1 = able && uPlot.paths.stepped({ align: 1 }), lines = able && uPlot.paths.linear();
  const stepped = (u, series, from, to) => (to - from > 3000 ? lines : steps1)(u, series, from, to);

  const mark = (u) => {
    if (!chosen) return;
    const at = u.valToPos(when(chosen.at), "x", true), end = u.valToPos(when(chosen.end), "x", true);
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    u.ctx.clip();
    u.ctx.fillStyle = colour("mark");
    u.ctx.fillRect(at, u.bbox.top, Math.max(1, end - at), u.bbox.height);
    u.ctx.fillStyle = colour("sagescale");
    u.ctx.fillRect(Math.round(at) - devicePixelRatio, u.bbox.top, 2 * devicePixelRatio, u.bbox.height);
    u.ctx.restore();
  };
  const follow = (u) => {
    if (moving) return;
    const { min, max } = u.scales.x;
    if (min !== range[0] || max !== range[1]) show(min, max);
  };
  const hooks = () => ({
    draw: [mark],
    setScale: [(u, key) => { if (key === "x") follow(u); }],
    setCursor: [(u) => readout(u.cursor.idx)],
    ready: [(u) => clicks(u)],
  });
  const clicks = (u) => {
    let from = null;
    u.over.addEventListener("mousedown", (e) => { from = e.clientX; });
    u.over.addEventListener("click", (e) => {
      if (from === null || Math.abs(e.clientX - from) > 4) return;
      choose(nearest(Math.round((u.posToVal(e.clientX - u.over.getBoundingClientRect().left, "x") - data.start) / 60)), false);
    });
    u.over.addEventListener("dblclick", () => show(first, last));
  };

  const draw = () => {
    if (!able) {
      $("plot-note").textContent = "This browser does not draw the plot.";
      return;
    }
    for (const p of plots) p.destroy();
    $("plot-note").textContent = "Requests a minute" + (narrow() ? "." : "; on the right, the instances that serve as many.");
    const small = narrow(), wide = small ? 52 : 58;
    const line = (label, name, width, dash, visible, extra) => Object.assign({ label, stroke: known(name), width, dash, show: visible, points: { show: false } }, extra);
    const limits = [1, 2].map((c) => spread(data.limits, c).map((n) => n * data.capacity));
    const bottom = axis(2, "x", { values: ticks, size: 44, space: 64 });
    const upper = new uPlot(options(small ? 260 : 340, [
      {},
      line("load", "load", 1, [], shown.load, { fill: colour("load-fill") }),
      ...limits.map(() => line("limits", "limits", 1, [1, 5], shown.limits, { auto: false, paths: stepped })),
      ...scalers.map((s) => line(s.name, s.name, s.width, s.dash, s.shown, { paths: stepped })),
    ], [
      bottom,
      axis(3, "y", { values: (u, v) => v.map(brief), size: wide }),
      ...(small ? [] : [axis(1, "i", { values: (u, v) => v.map((n) => (n % 1 ? "" : n)), size: 40, grid: { show: false } })]),
    ], small ? {} : { i: { from: "y", range: (u, lo, hi) => [lo / data.capacity, hi / data.capacity] } }, hooks()),
    [xs, data.load, ...limits, ...scalers.map((s) => s.capacity)], $("plot"));
    const lower = new uPlot(options(small ? 120 : 140, [
      {}, ...scalers.map((s) => line(s.name, s.name, s.width - 0.5, s.dash, s.shown, { paths: stepped })),
    ], [bottom, axis(3, "y", { values: (u, v) => v.map(brief), size: wide, space: 28 }),
      ...(small ? [] : [axis(1, "y", { values: () => [], size: 40, grid: { show: false }, ticks: { show: false } })])], {}, hooks()),
    [xs, ...scalers.map((s) => s.lost)], $("lost"));
    plots = [upper, lower];
  };

  const show = (from, to) => {
    const least = 20 * 60, width = Math.min(Math.max(to - from, least), last - first);
    const start = Math.min(Math.max(from, first), last - width);
    range = [start, start + width];
    moving = true;
    for (const p of plots) p.setScale("x", { min: range[0], max: range[1] });
    moving = false;
    document.documentElement.dataset.range = range.map(Math.round).join(" ");
    readout(null);
    zoomState();
  };
  const around = (width) => { const middle = (range[0] + range[1]) / 2; show(middle - width / 2, middle + width / 2); };
  const move = (share) => { const by = share * (range[1] - range[0]); show(range[0] + by, range[1] + by); };

  const readout = (i) => {
    if (i === null || i === undefined || !(i >= 0 && i < steps)) {
      $("readout").textContent = iso(range[0]) + " " + clock(range[0]) + " to " + iso(range[1]) + " " + clock(range[1]) + " UTC";
      return;
    }
    const parts = scalers.filter((s) => s.shown).map((s) => s.name + " " + instances(s.inService[i]) + (s.lost[i] > 0 ? ", lost " + commas(s.lost[i]) : ""));
    $("readout").textContent = iso(xs[i]) + " " + clock(xs[i]) + " UTC: load " + commas(data.load[i]) + "; " + parts.join("; ");
  };

  // Buttons of the plot.
  const zooms = [["whole", Infinity], ["week", 7 * day], ["day", day], ["3 hours", 3 * hour]].filter(([, w], i) => i === 0 || w < last - first);
  const zoomButtons = zooms.map(([name, width]) => button(name, "Show " + name, () => (width === Infinity ? show(first, last) : around(width))));
  const earlier = button("◀ earlier", "Show earlier", () => move(-0.9)), later = button("later ▶", "Show later", () => move(0.9));
  $("zoom").append(...zoomButtons, earlier, later);
  const zoomState = () => {
    earlier.disabled = range[0] <= first;
    later.disabled = range[1] >= last;
    zooms.forEach(([, width], i) => {
      zoomButtons[i].setAttribute("aria-pressed", String(Math.abs(Math.min(width, last - first) - (range[1] - range[0])) < 60));
    });
  };
  $("plot").addEventListener("keydown", (e) => {
    const width = range[1] - range[0];
    const action = {
      ArrowLeft: () => move(-0.25), ArrowRight: () => move(0.25), Home: () => show(first, last),
      "+": () => around(width / 2), "=": () => around(width / 2), "-": () => around(width * 2),
    }[e.key];
    if (!action || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    action();
  });

  // Legend.
  const swatch = (name, width, dash) => svg("svg", { width: 30, height: 10, "aria-hidden": "true" },
    svg("line", { x1: 1, y1: 5, x2: 29, y2: 5, stroke: "var(--" + (/^[a-z-]+$/.test(name) ? name : "soft") + ")", "stroke-width": width, "stroke-dasharray": dash.join(" ") }));
  const toggle = (text, name, width, dash, get, set) => {
    const b = el("button", { type: "button" }, swatch(name, width, dash), el("span", { textContent: text }));
    b.setAttribute("aria-pressed", String(get()));
    b.onclick = () => {
      set(!get());
      b.setAttribute("aria-pressed", String(get()));
    };
    return b;
  };
  const reveal = (plot, series, visible) => plots[plot]?.setSeries(series, { show: visible });
  $("legend").append(
    toggle("load", "load", 4, [], () => shown.load, (v) => { shown.load = v; reveal(0, 1, v); }),
    ...scalers.map((s, i) => toggle(s.name, s.name, s.width + 0.5, s.dash, () => s.shown, (v) => {
      s.shown = v;
      reveal(0, 4 + i, v);
      reveal(1, 1 + i, v);
      readout(null);
    })),
    toggle("limits (" + lowest + " to " + highest + ")", "limits", 1.5, [1, 5], () => shown.limits, (v) => { shown.limits = v; reveal(0, 2, v); reveal(0, 3, v); }),
  );

  // Decisions: changes, the stretches between, and while a change is under way.
  const entries = [
    ...data.changes.map((c) => ({ ...c, kind: "change", end: c.effect, of: c })),
    ...data.changes.filter((c) => c.free > c.at + 1).map((c) => ({ kind: "busy", at: c.at + 1, end: Math.min(c.free, steps), of: c })),
    ...data.quiet.map((q) => ({ ...q, kind: "quiet" })),
  ].filter((e) => e.at < steps).sort((a, b) => a.at - b.at || (a.kind === "change" ? -1 : 1));
  const changes = entries.filter((e) => e.kind === "change");
  const nearest = (step) => {
    // An explanation covers a time; a change is a moment, and may be hit from some way off.
    const reach = (range[1] - range[0]) / 60 / 60;
    let best = null;
    for (const c of changes) if (Math.abs(c.at - step) <= reach && (!best || Math.abs(c.at - step) < Math.abs(best.at - step))) best = c;
    if (best || !changes.length && !entries.length) return best;
    return entries.find((e) => e.kind !== "change" && e.at <= step && step < e.end) ||
      changes.reduce((b, c) => (!b || Math.abs(c.at - step) < Math.abs(b.at - step) ? c : b), null);
  };

  const all = el("input", { type: "checkbox", id: "all" });
  all.onchange = () => { list(); stepState(); };
  const days = [...new Set(xs.map((x) => Math.floor(x / day)))];
  const daySelect = el("select", { id: "day" }, ...days.map((d) => el("option", { value: d, textContent: weekdays[utc(d * day).getUTCDay()] + " " + iso(d * day) })));
  daySelect.setAttribute("aria-label", "Day of the list");
  daySelect.onchange = () => {
    list();
    const d = Number(daySelect.value);
    show(d * day, (d + 1) * day);
  };
  const stops = () => (all.checked ? entries : changes);
  const stepBy = (by) => {
    const among = stops();
    if (!among.length) return;
    const at = chosen ? chosen.at : by > 0 ? -1 : steps;
    const next = by > 0 ? among.find((e) => e.at > at || (e.at === at && among.indexOf(e) > among.indexOf(chosen) && among.includes(chosen)))
      : among.findLast((e) => e.at < at);
    if (next) choose(next, true);
  };
  const before = button("◀ previous", "Previous decision", () => stepBy(-1)), after = button("next ▶", "Next decision", () => stepBy(1));
  const stepState = () => {
    const among = stops();
    before.disabled = !among.length || chosen && chosen.at <= among[0].at;
    after.disabled = !among.length || chosen && chosen.at >= among[among.length - 1].at;
  };
  const moment = el("input", { type: "datetime-local", id: "moment", min: utc(first).toISOString().slice(0, 16), max: utc(last).toISOString().slice(0, 16) });
  moment.onchange = () => {
    const t = Date.parse(moment.value + "Z") / 1000;
    if (t >= first && t <= last) choose(nearest(Math.round((t - data.start) / 60)), true);
  };
  $("steps").append(before, after, daySelect, el("label", {}, "go to (UTC)", moment), el("label", {}, all, "also why nothing was done"));

  const title = (e) => (e.kind === "change" ? e.from + " → " + e.to : e.kind === "busy" ? "a change is under way" : e.codes.split(" ").join(", ") || "nothing to do");
  const span = (e) => clock(when(e.at)) + (e.end > e.at + 1 ? "–" + clock(when(e.end)) : "");
  const list = () => {
    const from = Number(daySelect.value) * day, to = from + day;
    const mine = stops().filter((e) => when(e.kind === "change" ? e.at + 1 : e.end) > from && when(e.at) < to);
    const count = changes.filter((c) => when(c.at) >= from && when(c.at) < to).length;
    $("day-title").textContent = weekdays[utc(from).getUTCDay()] + " " + iso(from) + ": " + (count || "no") + (count === 1 ? " change" : " changes");
    $("list").replaceChildren(...mine.map((e) => {
      const lostThen = e.kind === "change" ? lostIn(e.at, e.end) : 0;
      const text = title(e) + (lostThen > 0 ? " · lost " + brief(lostThen) + " until it served" : "");
      const b = el("button", { type: "button", className: e.kind === "change" ? "change" : "quiet", onclick: () => choose(e, true) },
        el("span", { textContent: e.kind === "change" ? clock(when(e.at)) : span(e) }), el("span", { textContent: text }));
      if (e === chosen) b.setAttribute("aria-current", "true");
      return el("li", {}, b);
    }));
    if (!mine.length) $("list").append(el("li", { className: "none", textContent: entries.length ? "No change on this day." : "Nothing was recorded." }));
  };
  const lostIn = (from, to) => {
    let sum = 0;
    for (let t = from; t < Math.min(to, steps); t++) sum += scalers[0].lost[t];
    return sum;
  };

  const explain = (e) => {
    const out = [];
    if (e.kind === "change") {
      const out1 = e.to > e.from;
      out.push(el("h3", { textContent: iso(when(e.at)) + " " + clock(when(e.at)) + " UTC: " + (out1 ? "scale-out" : "scale-in") + " from " + e.from + " to " + instances(e.to) }));
      const text = (out1 ? "In service at " : "Out of service at ") + clock(when(e.effect)) + ". The load was " + commas(data.load[e.at]) +
        " requests in that minute, as much as " + commas(data.load[e.at] / data.capacity) + " instances serve.";
      out.push(el("p", { textContent: text }));
      const gone = lostIn(e.at, e.effect);
      if (out1 && gone > 0) out.push(el("p", { textContent: commas(gone) + " requests were lost until it served." }));
    } else {
      out.push(el("h3", { textContent: iso(when(e.at)) + " " + clock(when(e.at)) + " to " + clock(when(e.end)) + " UTC: stays at " + instances(scalers[0].inService[e.at]) }));
    }
    if (e.kind === "busy") {
      out[0].textContent = iso(when(e.at)) + " " + clock(when(e.at)) + " to " + clock(when(e.end)) + " UTC: a change is under way";
      out.push(el("p", { textContent: "The change from " + e.of.from + " to " + e.of.to + " at " + clock(when(e.of.at)) + " keeps the endpoint busy, and SageMaker changes one thing at a time. Nothing is decided meanwhile." }));
    } else if (e.leftOut) {
      out.push(el("p", { textContent: (e.codes ? e.codes + ". " : "") + "The reasons are left out, to keep this file small." }));
    } else {
      if (e.kind === "quiet" && e.end > e.at + 1) out.push(el("p", { className: "note", textContent: "The same reasons for " + (e.end - e.at) + " minutes; the numbers are those of the first." }));
      if (e.rules) out.push(el("h4", { textContent: "The rules, in their order" }), el("ol", {}, ...e.rules.map((r) => el("li", {}, el("b", { textContent: r.rule + " " + r.from + " → " + r.to + ": " }), r.reason))));
      if (e.reasons) out.push(el("h4", { textContent: e.kind === "change" ? "Why no more than that" : "Why nothing was done" }), el("ul", {}, ...e.reasons.map((r) => el("li", {}, el("b", { textContent: r.code + ": " }), r.message))));
    }
    $("decision").replaceChildren(...out);
  };
  const choose = (e, zoom) => {
    if (!e) return;
    chosen = e;
    if (e.kind !== "change") all.checked = true;
    daySelect.value = String(Math.floor(when(e.at) / day));
    list();
    explain(e);
    stepState();
    const current = $("list").querySelector("[aria-current=true]");
    if (current) $("list").scrollTop = current.offsetTop - $("list").offsetTop - $("list").clientHeight / 3;
    if (zoom) show(when(e.at) - 3 * hour, when(e.at) + 3 * hour);
    else for (const p of plots) p.redraw(false);
  };

  // Where sagescale lost most: minutes that follow on one another within ten.
  const losses = () => {
    const out = [];
    scalers[0].lost.forEach((v, t) => {
      if (!(v > 0)) return;
      const now = out[out.length - 1];
      if (now && t - now.end <= 10) Object.assign(now, { end: t + 1, lost: now.lost + v });
      else out.push({ at: t, end: t + 1, lost: v });
    });
    return out.sort((a, b) => b.lost - a.lost);
  };
  const worst = losses(), total = worst.reduce((s, w) => s + w.lost, 0);
  if (worst.length) {
    $("losses").append(el("p", { textContent: "sagescale lost requests in " + commas(worst.length) + (worst.length === 1 ? " stretch" : " stretches") + "; the worst, with their part of all that it lost:" }),
      el("div", { className: "bar" }, ...worst.slice(0, 5).map((w) => button(
        date(when(w.at)) + " " + clock(when(w.at)) + "–" + clock(when(w.end)) + ": " + brief(w.lost) + " (" + Math.round(100 * w.lost / total) + " %)", "", () => {
          const middle = when((w.at + w.end) / 2), half = Math.max(1.5 * hour, 60 * (w.end - w.at));
          choose(changes.findLast((c) => c.at <= w.at) || nearest(w.at), false);
          show(middle - half, middle + half);
          $("zoom").scrollIntoView({ block: "nearest" });
        }))));
  } else {
    $("losses").append(el("p", { textContent: "sagescale lost no request." }));
  }

  // Frontier: cost across, lost upwards by powers of ten, and zero in a band of its own.
  const frontier = () => {
    const host = $("frontier");
    if (!host) return;
    const width = host.clientWidth, height = narrow() ? 300 : 380, left = 70, right = 16, top = 30, bottom = 46, band = 30;
    const points = [...data.points, { scaler: "oracle", setting: "it knows the future", short: "", cost: 1, lost: 0 }];
    const positive = points.map((p) => p.lost).filter((v) => v > 0);
    const low = positive.length ? Math.floor(Math.log10(Math.min(...positive))) : -4, high = positive.length ? Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive)))) : -1;
    const most = Math.max(1.05, ...points.map((p) => p.cost)), least = Math.min(1, ...points.map((p) => p.cost)), room = (most - least) * 0.04;
    const x = (v) => left + (width - left - right) * (v - least + room) / (most - least + 2 * room);
    const y = (v) => (v === 0 ? height - bottom - band / 2 : top + (height - top - bottom - band) * (high - Math.log10(v)) / (high - low));
    const root = svg("svg", { width, height, role: "group", "aria-label": "Share of requests lost against cost over the oracle's, at other settings" });
    for (let e = low; e <= high; e++) {
      const at = y(10 ** e);
      root.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: at, y2: at }),
        svg("text", { class: "soft", x: left - 8, y: at + 4, "text-anchor": "end" }, +(100 * 10 ** e).toPrecision(1) + " %"));
    }
    root.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(0), y2: y(0), "stroke-dasharray": "2 4" }),
      svg("text", { class: "soft", x: left - 8, y: y(0) + 4, "text-anchor": "end" }, "none"));
    const span = most - least, grid = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 50, 100].find((g) => span / g <= (narrow() ? 5 : 9)) || span;
    for (let v = Math.ceil(least / grid - 1e-9) * grid; v <= most + room; v += grid) {
      root.append(svg("line", { class: "grid", x1: x(v), x2: x(v), y1: top, y2: height - bottom }),
        svg("text", { class: "soft", x: x(v), y: height - bottom + 18, "text-anchor": "middle" }, String(+v.toFixed(2))));
    }
    root.append(svg("text", { class: "soft", x: left + (width - left - right) / 2, y: height - 6, "text-anchor": "middle" }, "instance hours, over the oracle's"),
      svg("text", { class: "soft", x: 4, y: 12 }, "share of the requests lost"));
    for (const name of ["application-auto-scaling", "sagescale", "oracle"]) {
      const mine = points.filter((p) => p.scaler === name);
      root.append(svg("polyline", { class: "path " + name, points: mine.map((p) => x(p.cost) + "," + y(p.lost)).join(" "), "stroke-dasharray": name === "sagescale" ? "" : "8 4" }));
      for (const p of mine) root.append(dot(p, x(p.cost), y(p.lost), width));
    }
    host.replaceChildren(root);
  };
  const dot = (p, x, y, width) => {
    const text = p.scaler + ", " + p.setting + (p.own ? ", your policy" : "") + ": " + p.cost.toFixed(3) + " × the oracle's hours, lost " + share(p.lost);
    const shape = p.scaler === "sagescale" ? svg("circle", { class: p.scaler, cx: x, cy: y, r: 5 })
      : p.scaler === "oracle" ? svg("path", { class: p.scaler, d: "M" + x + " " + (y - 7) + "l7 7l-7 7l-7 -7z" })
        : svg("rect", { class: p.scaler, x: x - 4.5, y: y - 4.5, width: 9, height: 9 });
    const g = svg("g", { class: "dot", tabindex: 0, role: "img", "aria-label": text }, svg("title", {}, text),
      svg("circle", { cx: x, cy: y, r: 12, fill: "transparent" }), shape);
    if (p.own) g.append(svg("circle", { class: "own", cx: x, cy: y, r: 10 }));
    if (p.own || p.scaler === "oracle") {
      const before = x > width - (narrow() ? 90 : 230);
      g.append(svg("text", { x: before ? x - 14 : x + 14, y: y - 9, "text-anchor": before ? "end" : "start" }, p.scaler === "oracle" ? "oracle" : (narrow() ? "" : p.scaler + " ") + "at " + p.short));
    }
    const tell = () => { $("point").textContent = text; };
    for (const kind of ["mouseenter", "focus", "click"]) g.addEventListener(kind, tell);
    return g;
  };

  // Sizes, colours and paper.
  const redraw = () => { draw(); show(range[0], range[1]); frontier(); };
  let width = 0;
  new ResizeObserver(() => {
    const now = $("plot").clientWidth;
    if (now === width || document.documentElement.classList.contains("printing")) return;
    width = now;
    redraw();
  }).observe($("plot"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  const paper = (on) => {
    document.documentElement.classList.toggle("printing", on);
    document.body.style.width = on ? "680px" : "";
    redraw();
  };
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));

  if ($("point")) $("point").textContent = "Choose a point to see its setting.";
  if (scalers.length === 0) return;
  $("decision").append(el("p", { textContent: changes.length ? "Choose a change: in the list, by the buttons, or by a click in the plot." : "sagescale changed nothing." }));
  redraw();
  list();
  stepState();
  if (worst.length) choose(changes.findLast((c) => c.at <= worst[0].at) || changes[0], false);
})();
