// The page's own script: language, theme, and the table of breaks, of which only the rows in view exist. A cell is text, always.
(async () => {
"use strict";
const root = document.documentElement, $ = id => document.getElementById(id);
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
let language = "pt", data = null;
const redraw = [];

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter(child => child !== null));
  return element;
}

// Language and theme

const languageButton = $("language"), themeButton = $("theme");
languageButton.hidden = themeButton.hidden = false;
languageButton.addEventListener("click", () => {
  language = language === "pt" ? "en" : "pt";
  root.dataset.lang = language;
  root.lang = languageButton.lang === "en" ? "en" : "pt-BR";
  languageButton.lang = language === "pt" ? "en" : "pt-BR";
  languageButton.textContent = language === "pt" ? "English" : "Português";
  for (const element of document.querySelectorAll("[data-en]")) {
    const other = element.dataset.en;
    element.dataset.en = element.textContent;
    element.textContent = other;
  }
  for (const draw of redraw) draw();
});
themeButton.addEventListener("click", () => {
  const dark = (root.dataset.theme || (matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light")) === "dark";
  root.dataset.theme = dark ? "light" : "dark";
});

// What is said, in the language of the moment

const grouped = digits => digits.replace(/\B(?=(\d{3})+$)/g, language === "pt" ? "." : ",");
const number = value => (value < 0 ? "-" : "") + grouped(String(Math.abs(value)));
function money(minor, currency) {
  const { decimals, symbol } = currency, negative = String(minor).startsWith("-");
  const digits = String(minor).replace("-", "").padStart(decimals + 1, "0"), cut = digits.length - decimals;
  const fraction = decimals ? (language === "pt" ? "," : ".") + digits.slice(cut) : "";
  return `${negative ? "-" : ""}${symbol}\u00a0${grouped(digits.slice(0, cut))}${fraction}`;
}
const unbroken = amount => amount.replace("-", "-\u2060"); // in a sentence, no line ends after its minus
function day(since) {
  if (since === null) return "–";
  const [year, month, date] = new Date(since * 864e5).toISOString().slice(0, 10).split("-");
  return language === "pt" ? `${date}/${month}/${year}` : `${date} ${MONTHS[month - 1]} ${year}`;
}
function say(thing) {
  if (typeof thing === "number") return number(thing);
  if (thing === null || typeof thing !== "object") return String(thing);
  if (!Array.isArray(thing)) return thing.d ? day(Date.parse(thing.d) / 864e5) : unbroken(money(thing.m, data.currencies.find(c => c.code === thing.c)));
  const [key, ...parts] = thing, [one, many] = data.phrases[key][language === "pt" ? 0 : 1].split("¦");
  return (many && parts[0] !== 1 ? many : one).replace(/\{(\d)\}/g, (_, place) => say(parts[place]));
}

// The table

const place = $("data");
if (!$("grid")) root.dataset.ready = ""; // nothing differs: there is no table
if (!$("grid") || !("DecompressionStream" in window)) return;
const binary = atob(place.textContent), bytes = new Uint8Array(binary.length);
for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
data = JSON.parse(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text());
place.remove();

const { items, entries, classes, currencies } = data, total = items.id.length, findings = new Set(items.finding);
const text = (name, entry) => entry < 0 ? null : entries[name].texts[entries[name].of[entry]];
const own = i => items.a[i] >= 0 ? items.a[i] : items.b[i];
const currencyA = i => currencies[items.currency[i]], currencyB = i => currencies[items.currency_b[i]];
const className = i => say(["class." + classes[items.class[i]].code]);
const shortName = i => { const short = "short." + classes[items.class[i]].code; return say([short in data.phrases ? short : "class." + classes[items.class[i]].code]); };
const posted = i => own(i) < 0 ? null : entries.day[own(i)];
const sides = i => (items.amount_a[i] !== null && items.a[i] >= 0 ? "A" : "") + (items.amount_b[i] !== null && items.b[i] >= 0 ? "B" : "") || entries.side[own(i)] || "";
function description(i) {
  const lot = items.lots[i], entry = own(i);
  if (lot) return say(["n.lot", lot.in_all]);
  return [text("reference", entry), text("description", entry)].filter(Boolean).join(" · ") || text("entry_id", entry) || "";
}
const units = (minor, currency) => Number(minor) / 10 ** currency.decimals;
const size = i => Math.abs(units(items.delta[i] ?? 0, currencyA(i)));
const worth = i => size(i) || Math.max(Math.abs(units(items.amount_a[i] ?? 0, currencyA(i))), Math.abs(units(items.amount_b[i] ?? 0, currencyB(i))));
const COLUMNS = [
  { name: "priority", key: "col.p", title: "col.priority", cell: i => String(classes[items.class[i]].priority || "–"), rank: i => -(classes[items.class[i]].priority || 9) },
  { name: "date", key: "col.date", cell: i => day(posted(i)), rank: posted },
  { name: "class", key: "col.class", cell: shortName, words: true },
  { name: "description", key: "col.description", cell: description, words: true },
  { name: "side", key: "col.side", cell: sides, words: true },
  { name: "a", key: "col.a", cell: i => items.amount_a[i] === null ? "–" : money(items.amount_a[i], currencyA(i)), rank: i => units(items.amount_a[i] ?? 0, currencyA(i)), number: true },
  { name: "b", key: "col.b", cell: i => items.amount_b[i] === null ? "–" : money(items.amount_b[i], currencyB(i)), rank: i => units(items.amount_b[i] ?? 0, currencyB(i)), number: true },
  { name: "delta", key: "col.delta", cell: i => items.delta[i] === null ? "–" : money(items.delta[i], currencyA(i)), rank: size, number: true },
  { name: "age", key: "col.days", cell: i => number(items.age[i]), rank: i => items.age[i], number: true },
];
const grid = $("grid"), head = $("head"), body = $("body"), spacer = h("div", { role: "presentation" });
body.append(spacer);
let order = Uint32Array.from({ length: total }, (_, i) => i), sorted = null, descending = true, current = 0, haystack = null;

function ranks(column) {
  if (column.rank) return Float64Array.from({ length: total }, (_, i) => column.rank(i) ?? -Infinity);
  const words = Array.from({ length: total }, (_, i) => column.cell(i)), compare = new Intl.Collator("pt-BR", { numeric: true }).compare;
  const place = new Map([...new Set(words)].sort(compare).map((word, n) => [word, n]));
  return Float64Array.from(words, word => place.get(word));
}
const folded = words => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
function hay() {
  haystack ??= Array.from({ length: total }, (_, i) => {
    const entry = own(i), lot = items.lots[i];
    const rows = lot ? lot.rows : [items.a[i], items.b[i]].filter(row => row >= 0);
    const found = rows.flatMap(row => ["reference", "description", "account", "entry_id"].map(name => text(name, row)));
    return folded([className(i), ...found, ...rows.map(row => entries.line[row]), ...COLUMNS.filter(c => c.number).map(c => c.cell(i)), items.id[i]].join("\n"));
  });
  return haystack;
}

const fText = $("f-text"), fClass = $("f-class"), fSide = $("f-side"), fLeast = $("f-least"), fMaterial = $("f-material");
function least() {
  const typed = fLeast.value.replace(/[^\d.,]/g, "");
  return Number(language === "pt" ? typed.replaceAll(".", "").replace(",", ".") : typed.replaceAll(",", "")) || 0;
}
function apply() {
  const words = folded(fText.value).split(/\s+/).filter(Boolean), stack = words.length ? hay() : null;
  const wanted = fClass.value, side = fSide.value, from = least(), material = fMaterial.checked;
  const kept = new Uint32Array(total);
  let many = 0;
  for (let i = 0; i < total; i++) {
    const kind = classes[items.class[i]];
    if (wanted === "breaks" ? !kind.priority : wanted === "pending" ? kind.priority : wanted && kind.code !== wanted) continue;
    if (side && sides(i) !== side) continue;
    if (material && !items.material[i]) continue;
    if (from && worth(i) < from) continue;
    if (stack && !words.every(word => stack[i].includes(word))) continue;
    kept[many++] = i;
  }
  order = kept.subarray(0, many);
  if (sorted) {
    const rank = sorted.ranks ??= ranks(sorted), turn = descending ? -1 : 1;
    order.sort((i, j) => (rank[i] - rank[j]) * turn || i - j);
  }
  current = 0;
  body.scrollTop = 0;
  counted();
  draw();
}
function counted() {
  const sums = new Map();
  const add = (currency, minor, turn) => sums.set(currency, (sums.get(currency) ?? 0n) + BigInt(minor) * turn);
  for (const i of order) {
    if (findings.has(i)) continue; // told beside the rows that the sum already holds
    if (items.amount_a[i] !== null) add(items.currency[i], items.amount_a[i], 1n);
    if (items.amount_b[i] !== null) add(items.currency_b[i], items.amount_b[i], -1n);
  }
  const told = [...sums].sort(([one], [other]) => one - other).map(([currency, sum]) => unbroken(money(sum, currencies[currency])));
  const by = sorted?.name === "delta" ? ` · ${say(["col.delta"])} ${say(["sorted_by_size"])}` : sorted ? "" : ` · ${say(["urgent_first"])}`;
  $("count").textContent = say(["count", order.length, total]) + (told.length ? ` · ${say(["sum", told.join(", ")])}` : "") + by;
}

// Rows: only those in view, used again as they leave it

const narrow = matchMedia("(max-width:600px)");
const height = () => narrow.matches ? 64 : 40;
let rows = [];
function newRow() {
  const row = h("div", { role: "row" }, ...COLUMNS.map((column, n) => h("div", { role: "gridcell", class: `c-${column.name}${column.number ? " n" : ""}${column.name === "delta" ? " delta" : ""}`, "aria-colindex": n + 1 }, h("bdi"))));
  row.addEventListener("click", () => { current = row.at; open(); });
  body.append(row);
  return row;
}
function draw() {
  const tall = height(), first = Math.max(0, Math.floor(body.scrollTop / tall) - 4);
  const shown = Math.min(order.length, first + Math.ceil(480 / tall) + 9);
  spacer.style.height = `${order.length * tall}px`;
  body.style.height = `${Math.min(Math.floor(480 / tall), order.length) * tall}px`; // whole rows
  head.style.marginRight = `${body.offsetWidth - body.clientWidth}px`; // as wide as the rows beside their scrollbar
  grid.setAttribute("aria-rowcount", order.length + 1);
  grid.setAttribute("aria-colcount", COLUMNS.length);
  while (rows.length < Math.ceil(480 / tall) + 10) rows.push(newRow());
  const used = new Set(Array.from({ length: Math.max(0, shown - first) }, (_, n) => (first + n) % rows.length));
  rows.forEach((row, n) => { row.hidden = !used.has(n); }); // not all at once: the row that has the focus keeps it
  const reachable = current >= first && current < shown ? current : first;
  for (let at = first; at < shown; at++) {
    const row = rows[at % rows.length], i = order[at];
    row.hidden = false;
    row.style.top = `${at * tall}px`;
    row.tabIndex = at === reachable ? 0 : -1;
    row.at = at;
    row.setAttribute("aria-rowindex", at + 2);
    COLUMNS.forEach((column, n) => { row.children[n].lastChild.textContent = column.cell(i); });
    const flag = row.children[2].querySelector(".flag");
    if (items.material[i] && !flag) row.children[2].prepend(h("span", { class: "flag", role: "img", "aria-label": say(["material"]) }, "●"));
    if (!items.material[i] && flag) flag.remove();
  }
}
function go(to) {
  current = Math.max(0, Math.min(order.length - 1, to));
  const tall = height(), top = current * tall;
  if (top < body.scrollTop) body.scrollTop = top;
  if (top + tall > body.scrollTop + body.clientHeight) body.scrollTop = top + tall - body.clientHeight;
  draw();
  rows[current % rows.length].focus({ preventScroll: true });
}
let waiting = false;
body.addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
});
const page = () => Math.floor(body.clientHeight / height()) - 1;
const KEYS = { ArrowDown: () => current + 1, ArrowUp: () => current - 1, PageDown: () => current + page(), PageUp: () => current - page(), Home: () => 0, End: () => order.length - 1 };
body.addEventListener("keydown", event => {
  if (!order.length) return;
  if (event.key === "Enter" || event.key === " ") open();
  else if (KEYS[event.key]) go(KEYS[event.key]());
  else return;
  event.preventDefault();
});
body.addEventListener("focusin", event => { if (event.target.at !== undefined) current = event.target.at; });
narrow.addEventListener("change", () => { rows.forEach(row => row.remove()); rows = []; draw(); });

function heads() {
  head.replaceChildren(...COLUMNS.map((column, n) => {
    const button = h("button", column.title ? { type: "button", "aria-label": say([column.title]), title: say([column.title]) } : { type: "button" }, say([column.key]) + (sorted === column ? (descending ? " ▾" : " ▴") : ""));
    const cell = h("div", { role: "columnheader", class: `c-${column.name}${column.number ? " n" : ""}`, "aria-colindex": n + 1, "aria-sort": sorted === column ? (descending ? "descending" : "ascending") : "none" }, button);
    button.addEventListener("click", () => {
      descending = sorted === column ? !descending : !column.words;
      sorted = column;
      heads();
      apply();
      head.children[n].firstChild.focus();
    });
    return cell;
  }));
}
function options() {
  const chosen = [fClass.value, fSide.value], used = new Set(items.class);
  const option = (value, words) => h("option", { value }, words);
  const many = classes.filter((kind, n) => used.has(n));
  const group = (label, all, kinds) => kinds.length ? h("optgroup", { label: say([label]) }, ...all, ...kinds.map(kind => option(kind.code, say(["class." + kind.code])))) : null;
  const broken = many.filter(kind => kind.priority), pending = many.filter(kind => !kind.priority);
  const both = broken.length && pending.length;
  fClass.replaceChildren(option("", say(["all"])), ...[
    group("all_breaks", both ? [option("breaks", say(["all_breaks"]))] : [], broken),
    group("all_pending", both ? [option("pending", say(["all_pending"]))] : [], pending),
  ].filter(Boolean));
  fSide.replaceChildren(option("", say(["both"])), option("A", "A"), option("B", "B"), option("AB", say(["and", "A", "B"])));
  [fClass.value, fSide.value] = chosen;
  fLeast.placeholder = language === "pt" ? "0,00" : "0.00";
}

// The details of one break: why, and who it was compared with

const dialog = $("detail");
const FIELDS = [
  ["date", row => day(entries.day[row]), true],
  ["amount", row => money(entries.amount[row], currencies[entries.currency[row]]), true],
  ["entry_id", row => text("entry_id", row), true],
  ["reference", row => text("reference", row), true],
  ["account", row => text("account", row), true],
  ["description", row => text("description", row), false],
  ["kind", row => text("kind", row), false],
  ["line", row => say([entries.of_reference[row] ? "line_of_reference" : "line", entries.line[row]]), false],
];
function open() {
  const i = order[current];
  if (i === undefined) return;
  $("detail-body").replaceChildren(detail(i));
  dialog.showModal();
}
function detail(i) {
  const kind = classes[items.class[i]], lot = items.lots[i];
  const amount = items.delta[i] ? items.delta[i] : items.amount_a[i] ?? items.amount_b[i] ?? 0;
  const close = h("button", { type: "button" }, say(["close"]));
  close.addEventListener("click", () => dialog.close());
  const facts = [
    ["priority", kind.priority ? `${kind.priority}${items.material[i] ? ` · ${say(["material"])}` : ""}` : null],
    ["state", kind.priority ? say([`state.${items.state.texts[items.state.of[i]]}`]) : null],
    ["age", say(["n.days", items.age[i]])],
    ["due", items.due[i] === null ? null : day(items.due[i])],
    ["id", items.id[i]],
  ].filter(([, value]) => value !== null);
  return h("article", {},
    h("header", {}, h("h2", { id: "detail-title" }, `${className(i)} · `, h("span", { class: "whole" }, money(amount, currencyA(i)))), close),
    h("p", { class: "why" }, say(items.why[i])),
    lot ? lots(lot) : beside(i),
    h("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [h("dt", {}, say([`field.${name}`])), h("dd", {}, value)])));
}
function beside(i) {
  const near = items.near[i], a = items.a[i], b = items.b[i];
  const alone = a >= 0 ? a : b, nearA = near >= 0 && entries.side[near] === "A";
  const columns = near >= 0 && entries.side[near] === entries.side[alone]
    ? [{ row: alone, key: "detail.this" }, { row: near, key: "detail.twin" }]
    : [
      a >= 0 ? { row: a, key: "detail.a" } : { row: nearA ? near : -1, key: "detail.nearest" },
      b >= 0 ? { row: b, key: "detail.b" } : { row: nearA ? -1 : near, key: "detail.nearest" },
    ].filter(column => column.row >= 0);
  if (!columns.length) return null;
  return h("table", {},
    h("thead", {}, h("tr", {}, h("td"), ...columns.map(column => h("th", { scope: "col" }, say([column.key]))))),
    h("tbody", {}, ...FIELDS.map(([name, value, compared]) => {
      const values = columns.map(column => value(column.row));
      if (values.every(cell => !cell)) return null;
      const differs = compared && values.length === 2 && values[0] && values[1] && values[0] !== values[1];
      const label = h("th", { scope: "row" }, say([`field.${name}`]) + " ");
      if (differs) label.append(h("span", { class: "ne", role: "img", "aria-label": say(["detail.differs"]) }, "≠"));
      return h("tr", differs ? { class: "differs" } : {}, label, ...values.map(cell => h("td", name === "date" || name === "amount" ? { class: "whole" } : {}, h("bdi", {}, cell || "–"))));
    })));
}
function lots(lot) {
  const names = ["col.side", "field.line", "field.date", "field.amount", "field.description"];
  const more = lot.in_all - lot.rows.length;
  return h("section", {}, h("h3", {}, say(["detail.lot"])),
    h("table", { class: "lot" },
      h("thead", {}, h("tr", {}, ...names.map(name => h("th", { scope: "col" }, say([name]))))),
      h("tbody", {}, ...lot.rows.map(row => h("tr", {}, ...[entries.side[row], say([entries.of_reference[row] ? "lines_of_reference" : "plain", entries.line[row]]), day(entries.day[row]), money(entries.amount[row], currencies[entries.currency[row]]), [text("entry_id", row), text("reference", row), text("description", row)].filter(Boolean).join(" · ")].map((cell, n) => h("td", n === 3 ? { class: "n" } : n === 2 ? { class: "whole" } : {}, h("bdi", {}, cell))))))),
    more ? h("p", { class: "note" }, say(["detail.lot_more", more])) : null);
}

let typing = 0;
for (const field of [fText, fLeast]) field.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(apply, 80); });
for (const field of [fClass, fSide, fMaterial]) field.addEventListener("change", apply);
document.querySelector(".filters").addEventListener("submit", event => event.preventDefault());
redraw.push(() => {
  haystack = null;
  for (const column of COLUMNS) if (column.words) delete column.ranks;
  for (const flag of document.querySelectorAll(".flag")) flag.remove();
  options(); heads(); counted(); draw();
});
options();
heads();
apply();
root.dataset.ready = "";
(window.requestIdleCallback ?? setTimeout)(hay); // so that the first search does not wait for it
draw();
})();
