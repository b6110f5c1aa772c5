"use strict";
// Search, filter and sort the matrix. The page is complete without it.
(() => {
  const table = document.getElementById("matrix");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const [search, city, verdict, count] = ["zoek", "stad", "oordeel", "telling"].map((id) => document.getElementById(id));
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  const filter = () => {
    let shown = 0;
    for (const row of rows) {
      const name = plain(row.cells[0].textContent + " " + row.dataset.stad);
      const words = [...row.querySelectorAll(".oordeel")].map((tag) => tag.textContent);
      row.hidden = !(
        name.includes(plain(search.value.trim())) &&
        (!city.value || row.dataset.stad === city.value) &&
        (!verdict.value || words.includes(verdict.value))
      );
      shown += !row.hidden;
    }
    count.textContent = shown === rows.length ? `${shown} gebieden` : `${shown} van de ${rows.length} gebieden`;
  };

  const sort = (column, direction) => {
    const key = (row) => (column ? Number(row.cells[column].dataset.waarde ?? NaN) : rows.indexOf(row));
    const sorted = [...rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return direction * (x - y);
    });
    body.append(...sorted);
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  };

  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    const title = head.querySelector(".kop");
    button.textContent = title.textContent;
    button.addEventListener("click", () => sort(column, head.getAttribute("aria-sort") === "ascending" ? -1 : 1));
    title.replaceWith(button);
  });
  for (const field of [search, city, verdict]) field.addEventListener("input", filter);
  document.getElementById("zoeken").hidden = false;
  filter();
})();
