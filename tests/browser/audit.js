// Looks at a page as a reader meets it, and returns what is wrong with it: [] where nothing is.
() => {
  const parse = (color) => {
    const found = color.match(/[\d.]+/g);
    if (!found) return null;
    const [r, g, b, a = 1] = found.map(Number);
    return a === 0 ? null : [r, g, b];
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color) return color;
    }
    return [255, 255, 255];
  };
  const inside = (box, x, y) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
  const problems = [];
  const say = (what, element) => problems.push(`${what}: ${(element.textContent || element.tagName).trim().slice(0, 60)}`);

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("svg, style") || !element.getClientRects().length) continue;
    const ratio = contrast(parse(getComputedStyle(element).color), behind(element));
    if (ratio < 4.5) say(`contrast ${ratio.toFixed(2)}`, element);
  }

  for (const svg of document.querySelectorAll("svg.chart")) {
    const frame = svg.getBoundingClientRect();
    const shapes = [...svg.querySelectorAll("path, rect, text")];
    const paper = behind(svg);
    const boxes = [];
    shapes.forEach((text, place) => {
      if (text.tagName !== "text") return;
      const box = text.getBoundingClientRect();
      const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      const under = shapes.slice(0, place).reverse().find(
        (s) => s.tagName !== "text" && parse(getComputedStyle(s).fill) && inside(s.getBoundingClientRect(), x, y)
      );
      const ground = under ? parse(getComputedStyle(under).fill) : paper;
      const ratio = contrast(parse(getComputedStyle(text).fill), ground);
      if (ratio < 4.5) say(`contrast ${ratio.toFixed(2)} in a chart`, text);
      if (box.left < frame.left - 2 || box.right > frame.right + 6 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2)
        say(`text leaves its chart by ${(box.right - frame.right).toFixed()} or ${(frame.left - box.left).toFixed()}`, text);
      if (parseFloat(getComputedStyle(text).fontSize) * (frame.width / svg.viewBox.baseVal.width) < 8) say("too small", text);
      if (!(text.getAttribute("transform") || "").includes("rotate")) boxes.push([box, text]);
    });
    boxes.forEach(([a, text], n) => {
      for (const [b, other] of boxes.slice(n + 1)) {
        const [wide, high] = [Math.min(a.right, b.right) - Math.max(a.left, b.left), Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)];
        if (wide > 1 && high > 4) say(`overlaps ${JSON.stringify(other.textContent)}`, text);
      }
    });
    // A Japanese letter says as much as two.
    const least = document.documentElement.lang === "ja" ? 20 : 40;
    if (svg.getAttribute("role") !== "img" || (svg.getAttribute("aria-label") || "").length < least) say("no alternative text", svg);
  }
  for (const svg of document.querySelectorAll("svg:not(.chart)"))
    if (svg.getAttribute("aria-hidden") !== "true") say("picture neither named nor hidden", svg);
  for (const image of document.querySelectorAll("img")) if (!image.alt) say("image without alternative text", image);

  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    for (const element of document.body.querySelectorAll("*")) {
      const scroll = element.parentElement.closest(".scroll");
      if (scroll && getComputedStyle(scroll).overflowX !== "visible") continue;
      if (element.getBoundingClientRect().right > width + 1) say("wider than the window", element);
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size !== ids.length) problems.push("an id stands twice");
  for (const link of document.querySelectorAll("a[href^='#']"))
    if (!document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)))) say("leads nowhere", link);
  for (const element of document.querySelectorAll("script, iframe, object, embed, form, [onerror], [onload], [style]"))
    say("does not belong on the page", element);
  let before = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) say(`heading ${level} after ${before}`, heading);
    before = level;
  }
  return problems;
}
