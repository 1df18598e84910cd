"use strict";
// Unpacks the library, draws the charts, and keeps them on one span. Asks for nothing; the policy would not let it.
(async () => {
  const told = JSON.parse(document.getElementById("told").textContent);
  const tooltip = document.getElementById("read");
  const charts = new Map();
  let strip = null, whole = null;

  async function unpack() {
    const packed = Uint8Array.from(atob(document.getElementById("library").textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
  }

  // The colours of light or dark, by the tokens of the style sheet.
  function coloured(part) {
    if (typeof part === "string" && /^\$[a-z]+\d?$/.test(part)) {
      return getComputedStyle(document.documentElement).getPropertyValue("--" + part.slice(1)).trim();
    }
    if (Array.isArray(part)) return part.map(coloured);
    if (part && typeof part === "object") {
      return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, coloured(value)]));
    }
    return part;
  }

  function configured() {
    return coloured({
      font: `"${told.font}", sans-serif`,
      background: null,
      view: { stroke: null },
      axis: { labelColor: "$soft", labelFontSize: 12, gridColor: "$line", domain: false, ticks: false, title: null },
      text: { fontSize: 12 },
    });
  }

  // What a pointer is at in a chart, as lines of name and value beside it.
  function read(id, event, item) {
    const row = item && item.datum && (item.datum.datum ?? item.datum);
    if (!row || row.date === undefined) {
      tooltip.hidden = true;
      return;
    }
    tooltip.replaceChildren();
    const lines = row.state === undefined
      ? told.names[id].map(([line, name]) => [name, row["shown_" + line]])
      : [[row.lane, told.states[row.state] ?? row.state]];
    const heading = document.createElement("b");
    heading.textContent = row.date;
    tooltip.append(heading);
    for (const [name, text] of lines) {
      const line = document.createElement("span"), figure = document.createElement("i");
      line.textContent = name;
      figure.textContent = text;
      line.append(figure);
      tooltip.append(line);
    }
    tooltip.hidden = false;
    const box = tooltip.getBoundingClientRect(), width = document.documentElement.clientWidth;
    const left = event.clientX + 16 + box.width < width ? event.clientX + 16 : Math.max(4, event.clientX - 16 - box.width);
    tooltip.style.left = `${left}px`;
    tooltip.style.top = `${Math.max(4, event.clientY - box.height - 12)}px`;
  }

  // What is told in short as rows: of lines a value a day (or a week), of a grid its fields.
  function rows({ lines = [], fields = [] }) {
    const day = (text) => Date.parse(text + "T00:00:00Z");
    return lines.flatMap((line) => line.values.map((value, n) => (
      { day: day(line.from) + n * line.days * 864e5, line: line.id, value }
    ))).concat(fields.map(([monday, lane, state, colour]) => ({ day: day(monday), lane, state, colour: coloured(colour) })));
  }

  async function drawn(element, spec, id) {
    const labels = spec.mark && spec.mark.type === "rect" ? 142 : 52;
    const sized = { ...coloured(spec), datasets: { rows: rows(told.rows[id]) }, padding: { left: labels, right: 14, top: 8, bottom: 24 },
                    autosize: "none", width: Math.max(160, element.clientWidth - labels - 14) };
    const result = await window.vegaEmbed(element, sized, {
      mode: "vega-lite", ast: true, renderer: "svg", actions: false, defaultStyle: false, config: configured(),
      tooltip: (_, event, item) => read(id, event, item), logLevel: 1,
    });
    return result.view;
  }

  // All charts show [from, to], in milliseconds.
  async function show(from, to) {
    document.documentElement.dataset.from = new Date(from).toISOString().slice(0, 10);
    document.documentElement.dataset.to = new Date(to).toISOString().slice(0, 10);
    await Promise.all([...charts.values()].map((view) => view.signal("from", from).signal("to", to).runAsync()));
  }

  function pressed(weeks) {
    for (const button of document.querySelectorAll("[data-weeks]")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.weeks) === weeks));
    }
  }

  async function draw() {
    for (const view of [...charts.values(), strip]) if (view) view.finalize();
    charts.clear();
    for (const element of document.querySelectorAll("[data-chart]")) {
      charts.set(element.dataset.chart, await drawn(element, told.charts[element.dataset.chart], element.dataset.chart));
    }
    if (!told.strip) return;
    strip = await drawn(document.getElementById("strip"), told.strip.chart, told.strip.of);
    whole = strip.scale("x").domain().map(Number);
    strip.addSignalListener("brush", (_, brushed) => {
      const span = brushed && brushed.day;
      if (span) pressed(0); else pressed(52);
      show(...(span && span[1] - span[0] > 864e5 ? span.map(Number) : whole));
    });
    await show(...whole);
  }

  await unpack();
  await document.fonts.load(`12px "${told.font}"`);
  await draw();
  for (const button of document.querySelectorAll("[data-weeks]")) {
    button.addEventListener("click", async () => {
      const from = Math.max(whole[0], whole[1] - Number(button.dataset.weeks) * 7 * 864e5), scale = strip.scale("x");
      await strip.signal("brush_x", from > whole[0] ? [scale(from), scale(whole[1])] : []).runAsync();
      await show(from, whole[1]);
      pressed(Number(button.dataset.weeks));
    });
  }
  for (const button of document.querySelectorAll("[data-line]")) {
    button.addEventListener("click", () => {
      const beside = button.closest(".legend").querySelectorAll("button");
      const chosen = button.getAttribute("aria-pressed") === "true" ? "" : button.dataset.line;
      for (const other of beside) other.setAttribute("aria-pressed", String(other.dataset.line === chosen));
      charts.get(button.closest("section").id).signal("pick", chosen).runAsync();
    });
  }
  let width = document.documentElement.clientWidth, waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (width !== (width = document.documentElement.clientWidth)) draw(); }, 200);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("scroll", () => { tooltip.hidden = true; }, { passive: true });
  document.documentElement.dataset.drawn = "yes";
})();
