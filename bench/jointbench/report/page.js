"use strict";
(() => {
  const table = document.getElementById("comparisons-table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const text = (row, column) => row.cells[column] ? row.cells[column].textContent.trim() : "";

  // Sorting: numbers by their exact value, names as people sort them; what was not measured stays at the end.
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(head.firstChild);
    head.prepend(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const numeric = head.classList.contains("num");
      const key = (row) => {
        const value = row.cells[column] && row.cells[column].dataset.v;
        return numeric ? (value === undefined ? null : parseFloat(value)) : text(row, column);
      };
      const order = rows.map((row) => [key(row), row]);
      order.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        const way = numeric ? a - b : a.localeCompare(b, undefined, { numeric: true });
        return down ? -way : way;
      });
      body.append(...order.map(([, row]) => row));
    });
  });

  // Filters: a text and three lists; the count is read out.
  const form = document.getElementById("filters");
  const search = document.getElementById("filter-text");
  const lists = [...form.querySelectorAll("select")];
  const count = document.getElementById("filter-count");
  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = row.textContent.toLowerCase().includes(wanted)
        && lists.every((list) => !list.value || text(row, +list.dataset.column) === list.value);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length} comparisons`;
  };
  const against = lists.find((list) => list.dataset.column === "3");
  if (rows.length > 30 && against.options.length > 1) against.selectedIndex = 1; // a long table starts with the main comparison
  form.hidden = "few" in form.dataset;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  filter();

  // The first screen's rows are sorted by what a heading names; a row of several lines by its least value.
  const board = document.getElementById("board");
  const headings = board ? [...board.querySelectorAll("[data-key]")] : [];
  headings.forEach((heading) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(heading.firstChild);
    heading.prepend(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const value = row.dataset[heading.dataset.key].trim();
        if (heading.dataset.key === "verdict") return value;
        return value ? Math.min(...value.split(" ").map(Number)) : null;
      };
      const order = [...board.querySelectorAll(":scope > details")].map((row) => [key(row), row]);
      order.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        const way = typeof a === "string" ? a.localeCompare(b) : a - b;
        return down ? -way : way;
      });
      board.append(...order.map(([, row]) => row));
    });
  });

  // Folds: a link into a folded section opens it; printing opens all, and closes them again.
  const folds = [...document.querySelectorAll("details.dataset")];
  const buttons = document.querySelector(".fold-buttons");
  buttons.hidden = folds.length < 2;
  buttons.addEventListener("click", (event) => {
    const wish = event.target.dataset.fold;
    if (wish) folds.forEach((fold) => { fold.open = wish === "open"; });
  });
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#dataset-"]');
    if (link) document.getElementById(link.hash.slice(1)).open = true;
  });
  if (location.hash) reveal();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = folds.filter((fold) => !fold.open);
    folded.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((fold) => { fold.open = false; }));

  const copy = document.getElementById("copy");
  if (navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", () => navigator.clipboard
      .writeText(document.getElementById("command").textContent)
      .then(() => { copy.textContent = "Copied"; }, () => { copy.textContent = "Not copied"; }));
  }
})();
