/** Tables as plain text that is Markdown, too; and what is put into them. */

/** Prints rows of cells under a header; columns whose cells are numbers are aligned to the right. */
export function printTable(header, rows) {
  const text = rows.map((row) => row.map((cell) => (cell === undefined ? "" : String(cell))));
  const isNumeric = header.map((_, column) =>
    text.every((row) => /^([~≤]?[\d.,]+( (ms|s|KiB))?|–|)$/.test(row[column])),
  );
  const widths = header.map((title, column) =>
    Math.max(3, ...[title, ...text.map((row) => row[column])].map(lengthOf)),
  );
  const pad = (cell, column) => {
    const space = " ".repeat(widths[column] - lengthOf(cell));
    return isNumeric[column] ? space + cell : cell + space;
  };
  const line = (cells) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = widths.map((width, column) => (isNumeric[column] ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  console.log([line(header), `| ${rule.join(" | ")} |`, ...text.map(line)].join("\n"));
}

const lengthOf = (text) => [...text].length;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** 3.14159 → "3.14", 31.4159 → "31.4", 314.159 → "314" */
export function rounded(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** How often `work` is done, and how long each time took, milliseconds. */
export async function timesOf(count, work) {
  const times = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return times;
}
