// Sorts tables by a click on a heading, and saves their rows as CSV. Without it the page shows the same.
(() => {
  "use strict";
  const text = (cell) => (cell.classList.contains("null") ? null : cell.dataset.value ?? cell.textContent);
  const order = new Intl.Collator(undefined, { numeric: true }).compare;
  const compare = (a, b, isNumber) => {
    // NULL stands last whichever way.
    if (a === null || b === null) return { last: (a === null) - (b === null) };
    const difference = isNumber ? Number(a) - Number(b) : NaN;
    return { by: Number.isNaN(difference) ? order(a, b) : difference };
  };
  for (const table of document.querySelectorAll("table.rows")) {
    const body = table.tBodies[0];
    for (const head of table.querySelectorAll("thead th")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
        const isNumber = head.classList.contains("number");
        const rows = Array.from(body.rows, (row) => [text(row.cells[head.cellIndex]), row]);
        rows.sort(([a], [b]) => {
          const { last, by } = compare(a, b, isNumber);
          return last === undefined ? by * way : last;
        });
        body.append(...rows.map(([, row]) => row));
      });
    }
  }
  const field = (cell) => {
    const value = text(cell);
    if (value === null) return "";
    // A spreadsheet would run a text that begins like this.
    const safe = !cell.classList.contains("number") && /^[=+\-@\t\r]/.test(value) ? "'" + value : value;
    return safe === "" || /[",\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  };
  for (const button of document.querySelectorAll("button[data-file]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const table = document.getElementById(button.dataset.table);
      const lines = Array.from(table.rows, (row) => Array.from(row.cells, field).join(","));
      // The mark at the head tells a spreadsheet that this is UTF-8.
      const file = new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = button.dataset.file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }
})();
