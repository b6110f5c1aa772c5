"use strict";
// Search, filter and sort; what was chosen lives in the address. The page is complete without it.
(() => {
  const get = (id) => document.getElementById(id);
  const table = get("matrix");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const [search, city, verdict, margins, count, hits] = ["zoek", "stad", "oordeel", "marges", "telling", "treffers"].map(get);
  const radios = (name) => [...document.querySelectorAll(`input[name="${name}"]`)];
  const radio = (name) => radios(name).find((r) => r.checked).value;
  const first = { toon: radio("toon"), kaart: radio("kaart") };
  let sorting = "";

  // "’s-Zuilen-Oóst" reads as "s zuilen oost".
  const plain = (text) =>
    text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, " ").trim();
  // How many letters to change, drop, add or swap.
  const distance = (a, b) => {
    const d = [...Array(a.length + 1)].map((_, i) => [i]);
    for (let j = 0; j <= b.length; j++) d[0][j] = j;
    for (let i = 1; i <= a.length; i++)
      for (let j = 1; j <= b.length; j++) {
        d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] !== b[j - 1]));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
      }
    return d[a.length][b.length];
  };
  const areas = rows.map((row) => {
    const name = plain((row.querySelector("th a") || row.cells[0]).textContent);
    const town = plain(row.dataset.stad);
    return { row, name, town, both: `${town} ${name}`, postcodes: (row.dataset.pc4 || "").split(" ") };
  });
  // 0 is the name itself; the higher, the worse; Infinity is no hit.
  const score = (area, asked) => {
    const pc4 = asked.match(/^(\d{4})(?: ?[a-z]{0,2})?$/);
    if (pc4) return area.postcodes.includes(pc4[1]) ? Number(area.name === area.town) : Infinity;
    const tight = asked.replaceAll(" ", "");
    for (const [i, text] of [area.name, area.both, `${area.name} ${area.town}`].entries()) {
      if (text === asked || text.replaceAll(" ", "") === tight) return i;
      if (` ${text}`.includes(` ${asked}`)) return 3 + i;
    }
    if (asked.split(" ").every((word) => ` ${area.both}`.includes(` ${word}`))) return 6;
    return tight.length > 2 && area.both.replaceAll(" ", "").includes(tight) ? 7 : Infinity;
  };
  const nearly = (area, asked) => {
    const allowed = asked.length < 4 ? 0 : asked.length < 8 ? 1 : 2;
    const words = area.name.split(" ");
    const texts = [area.name, area.both, ...words].flatMap((text) => [text, text.slice(0, asked.length)]);
    const least = Math.min(...texts.map((text) => distance(text, asked)));
    return least <= allowed ? 10 + least : Infinity;
  };
  const find = (asked) => {
    for (const how of [score, nearly]) {
      const found = areas.map((area) => ({ ...area, score: how(area, asked) })).filter((area) => area.score < Infinity);
      if (found.length) return found.sort((a, b) => a.score - b.score);
    }
    return [];
  };

  const update = () => {
    const asked = plain(search.value);
    const found = asked ? find(asked) : areas;
    const kept = new Set(found.map((area) => area.row));
    let shown = 0;
    for (const row of rows) {
      const words = [...row.querySelectorAll("td .oordeel")].map((tag) => tag.textContent);
      row.hidden = !(
        kept.has(row) && (!city.value || row.dataset.stad === city.value) && (!verdict.value || words.includes(verdict.value))
      );
      shown += !row.hidden;
    }
    count.textContent = asked && !found.length ? "Geen gebied met die naam of postcode"
      : shown === rows.length ? `${shown} gebieden` : `${shown} van de ${rows.length} gebieden`;
    const best = asked ? found.slice(0, 6).map((area) => area.row.querySelector("th a")).filter(Boolean) : [];
    hits.replaceChildren(...best.map((link) => {
      const item = document.createElement("li");
      const hit = document.createElement("a");
      const town = link.closest("tr").dataset.stad;
      hit.href = link.getAttribute("href");
      hit.textContent = link.textContent === town ? town : `${link.textContent}, ${town}`;
      item.append(hit);
      return item;
    }));
    remember();
  };

  const sort = (column, direction) => {
    const key = (row) => (column ? Number(row.cells[column].dataset.waarde ?? NaN) : rows.indexOf(row));
    body.append(...[...rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return direction * (x - y);
    }));
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    sorting = `${direction > 0 ? "" : "-"}${column}`;
    remember();
  };

  // The address says what was chosen: a filtered page can be sent, and the way back leads to it.
  const remember = () => {
    const chosen = { zoek: search.value.trim(), stad: city.value, oordeel: verdict.value, marges: margins.checked ? "1" : "", volgorde: sorting };
    for (const name of Object.keys(first)) chosen[name] = radio(name) === first[name] ? "" : radio(name);
    const kept = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value)).toString();
    if (kept || location.hash.includes("=")) history.replaceState(null, "", `#${kept}`);
  };
  const recall = () => {
    const kept = new URLSearchParams(location.hash.slice(1));
    const chosen = (name) => kept.get(name) ?? "";
    [search.value, city.value, verdict.value, margins.checked] = [chosen("zoek"), chosen("stad"), chosen("oordeel"), chosen("marges") === "1"];
    for (const name of Object.keys(first))
      for (const r of radios(name)) r.checked = r.value === (kept.get(name) ?? first[name]);
    const column = Math.abs(Number(chosen("volgorde")));
    if (chosen("volgorde") && heads[column]) sort(column, chosen("volgorde").startsWith("-") ? -1 : 1);
    update();
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    const title = head.querySelector(".kop");
    button.textContent = title.textContent;
    button.addEventListener("click", () => sort(column, head.getAttribute("aria-sort") === "ascending" ? -1 : 1));
    title.replaceWith(button);
  });
  for (const field of [search, city, verdict]) field.addEventListener("input", update);
  for (const field of [margins, ...radios("toon"), ...radios("kaart")]) field.addEventListener("change", remember);
  get("zoeken").addEventListener("submit", (event) => {
    event.preventDefault();
    hits.querySelector("a")?.click();
  });
  get("zoeken").hidden = get("kiezen").hidden = false;
  addEventListener("hashchange", () => location.hash.includes("=") && recall());
  if (location.hash.includes("=")) recall();
  else update();
})();
