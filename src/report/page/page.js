"use strict";
(() => {
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const one = (what) => document.querySelector(what);
  const root = document.documentElement;

  // Light and dark: what the reader prefers, until the button is used.
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);
  try { const kept = localStorage.getItem("infra-theme"); if (kept === "dark" || kept === "light") root.dataset.theme = kept; } catch { /* not kept here */ }
  one("#theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("infra-theme", root.dataset.theme); } catch { /* not kept here */ }
  });

  // The search: every word has to be in what a row is found by.
  const search = one("#search");
  const picture = one(".picture");
  const parts = all("[data-part]", picture);
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matches = (text) => words.every((word) => text.toLowerCase().includes(word));
    for (const table of all("table.data")) {
      let shown = 0;
      for (const row of all("tbody tr", table)) {
        row.hidden = !matches(row.dataset.find);
        if (!row.hidden) shown += 1;
      }
      const box = table.parentElement;
      const count = box.previousElementSibling;
      const whole = count.dataset.count;
      count.dataset.name ??= count.textContent.replace(/^\d+ /, "");
      count.textContent = words.length ? `${shown} of ${whole} ${count.dataset.name}` : `${whole} ${count.dataset.name}`;
      box.hidden = shown === 0;
      box.nextElementSibling.hidden = shown !== 0;
    }
    for (const part of parts) {
      const text = part.querySelector("title").textContent;
      part.classList.toggle("dim", words.length > 0 && !part.classList.contains("box") && !matches(text));
    }
  };
  search.addEventListener("input", filter);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); search.select(); }
    if (event.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); }
  });
  filter();

  // The picture: the lines of what is pointed at, and its row in the tables.
  const edges = all("[data-edge]", picture);
  const light = (part) => {
    picture.classList.toggle("pointed", part !== null);
    const lit = new Set();
    for (const edge of edges) {
      if (edge.dataset.from === undefined) continue;
      if (part !== null && (edge.dataset.from === part || edge.dataset.to === part)) lit.add(edge.dataset.edge);
    }
    for (const edge of edges) edge.classList.toggle("lit", lit.has(edge.dataset.edge));
  };
  for (const part of parts) {
    part.addEventListener("pointerenter", () => light(part.dataset.part));
    part.addEventListener("pointerleave", () => light(null));
    part.addEventListener("click", () => {
      const row = all("tr[data-address]").find((row) => row.dataset.address === part.dataset.address && !row.hidden);
      for (const found of all("tr.found")) found.classList.remove("found");
      if (row) { row.classList.add("found"); row.scrollIntoView({ block: "center" }); }
    });
  }
  const pointed = () => { const at = location.hash.match(/^#part-(\d+)$/); light(at ? at[1] : null); };
  addEventListener("hashchange", pointed);
  pointed();

  // Its size.
  const wide = picture.viewBox.baseVal.width;
  let scale = null;
  const zoom = (to) => {
    scale = to;
    picture.style.width = to === null ? "" : `${Math.round(wide * to)}px`;
    picture.style.maxWidth = to === null ? "" : "none";
  };
  const now = () => scale ?? picture.clientWidth / wide;
  one("#larger").addEventListener("click", () => zoom(Math.min(now() * 1.25, 4)));
  one("#smaller").addEventListener("click", () => zoom(Math.max(now() / 1.25, 0.1)));
  one("#fit").addEventListener("click", () => zoom(null));
  one("#whole").addEventListener("click", () => zoom(1));

  // On paper nothing can be unfolded, and the plan is what matters.
  let folded = [];
  addEventListener("beforeprint", () => { folded = all("#plan details:not([open])"); for (const it of folded) it.open = true; });
  addEventListener("afterprint", () => { for (const it of folded) it.open = false; });
})();
