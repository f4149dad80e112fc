"""A review's page: one HTML file with the suspects' pictures inside, opened from disk, without any network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable, Mapping

from edgefashion.data.corrections import DECISION_COLUMNS, DECISIONS_FILE, LEFT_OUT, Review, label_choices
from edgefashion.errors import DataError, ImageError
from edgefashion.evaluation.contact_sheet import thumbnail_jpeg

SIDE = 360
"""Pixels of a picture's square."""
MAX_SUSPECTS = 2000
"""About 40 MB of page."""


def review_page(review: Review, decided: Mapping[str, str], progress: Callable[[int], None] | None = None) -> str:
    """Gives the page on which a person decides about every suspect, by mouse or keyboard.

    Decisions are kept in the browser's local storage under the review's own key, where the browser allows that for
    files, and are exported as the CSV file that `data.corrections.read_decisions` reads.

    Args:
        review: The review.
        decided: Decisions made already, path → label.
        progress: Called with 1 after each picture.

    Raises:
        DataError: No suspect, or more than MAX_SUSPECTS.
    """
    if not 1 <= len(review.suspects) <= MAX_SUSPECTS:
        raise DataError(
            f"A page takes 1 to {MAX_SUSPECTS} suspects; '{review.folder}' holds {len(review.suspects)}: "
            "search with another --top."
        )
    rows = {row.path: row for row in review.given.rows}
    items = []
    for suspect in review.suspects:
        try:
            picture = review.given.picture(rows[suspect.path])
            image = base64.b64encode(thumbnail_jpeg(picture, SIDE)).decode("ascii")
        except ImageError:
            image = ""
        items.append(
            {
                "path": suspect.path,
                "given": suspect.given,
                "likelier": suspect.likelier,
                "probability": round(suspect.probability, 4),
                "image": image,
            }
        )
        if progress is not None:
            progress(1)
    names = "\n".join(sorted(suspect.path for suspect in review.suspects))
    facts = {
        "key": "edgefashion-" + hashlib.sha256(names.encode()).hexdigest()[:16],
        "columns": DECISION_COLUMNS,
        "file": DECISIONS_FILE,
        "leftOut": LEFT_OUT,
        "labels": label_choices(review),
        "decided": dict(decided),
        "givenOf": {path: rows[path].type for path in decided},
        "items": items,
    }
    # "<" can't end the script early; U+2028 and U+2029 are escaped by json.dumps (ASCII only).
    data = json.dumps(facts, allow_nan=False).replace("<", "\\u003c")
    title = html.escape(f"{len(items)} labels to look at")
    return PAGE.replace("__TITLE__", title).replace("__DATA__", data)


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>__TITLE__</title>
<style>
 body { font: 16px/1.4 system-ui, sans-serif; margin: 0 auto; max-width: 1080px; padding: 16px; color: #1c1c1c; }
 header { display: flex; gap: 16px; align-items: baseline; flex-wrap: wrap; }
 h1 { font-size: 1.2rem; margin: 0; }
 #one { display: flex; gap: 24px; margin: 16px 0; flex-wrap: wrap; }
 #one img { width: 360px; max-width: 100%; height: auto; border: 1px solid #ddd; background: #eee; }
 #words { flex: 1; min-width: 280px; }
 #path { color: #6a6a6a; font-size: .8rem; overflow-wrap: anywhere; }
 dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 12px; margin: 0 0 12px; }
 dt { color: #6a6a6a; } dd { margin: 0; font-weight: 600; }
 button, select { font: inherit; padding: 6px 12px; margin: 0 6px 6px 0; border: 1px solid #999; border-radius: 6px;
  background: #fff; color: inherit; cursor: pointer; }
 button:hover, button:focus-visible { background: #eef3ff; }
 button[aria-pressed=true] { background: #1d4ed8; color: #fff; border-color: #1d4ed8; }
 kbd { font: .8em ui-monospace, monospace; border: 1px solid #bbb; border-radius: 3px; padding: 0 4px;
  background: #f6f6f6; color: #1c1c1c; }
 #all { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 8px; }
 #all button { margin: 0; padding: 4px; font-size: .75rem; text-align: left; overflow: hidden; }
 #all img { width: 100%; display: block; } #all .now { outline: 3px solid #1d4ed8; }
 #all .done { background: #e7f4e8; } #all .same { background: #eee; }
 @media print { #one, header button { display: none; } }
</style>
</head>
<body>
<header><h1>__TITLE__</h1><span id="count" role="status"></span>
 <button id="export">Export decisions <kbd>E</kbd></button><span id="storage"></span></header>
<main>
<section id="one" aria-label="Picture under review">
 <img id="picture" alt="">
 <div id="words">
  <p id="path"></p>
  <dl><dt>given</dt><dd id="given"></dd><dt>likelier</dt><dd id="likelier"></dd>
   <dt>given is wrong</dt><dd id="probability"></dd><dt>decided</dt><dd id="decided"></dd></dl>
  <button id="take">Take the likelier <kbd>Y</kbd></button><button id="keep">Keep the given <kbd>K</kbd></button>
  <button id="out">Leave it out <kbd>X</kbd></button><button id="clear">Undecided <kbd>U</kbd></button><br>
  <label>Another label <kbd>O</kbd> <select id="other"></select></label><br>
  <button id="back">Back <kbd>←</kbd></button><button id="next">Next <kbd>→</kbd></button>
  <button id="todo">Next undecided <kbd>N</kbd></button>
 </div>
</section>
<section id="all" aria-label="All pictures"></section>
</main>
<script type="application/json" id="data">__DATA__</script>
<script>
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const decided = new Map(Object.entries(data.decided)), changes = new Map();
let at = 0, stored = true;
function change(path, label) {
  changes.set(path, label);
  decided.delete(path);
  if (label !== null) decided.set(path, label);
}
try {
  for (const [path, label] of JSON.parse(localStorage.getItem(data.key) || "[]"))
    if (data.items.some((item) => item.path === path)) change(path, label);
} catch { stored = false; }
const source = (item) => item.image ? "data:image/jpeg;base64," + item.image : "";
const words = (label) => label === undefined ? "not yet" : label === data.leftOut ? "left out" : label;
const small = data.items.map((item, number) => {
  const [button, image, text] = ["button", "img", "span"].map((name) => document.createElement(name));
  image.src = source(item); image.alt = ""; image.loading = "lazy";
  button.append(image, text);
  button.addEventListener("click", () => { at = number; show(); scrollTo(0, 0); });
  $("all").append(button);
  return { button, text };
});
for (const label of ["", ...data.labels]) $("other").append(new Option(label || "choose …", label));
function mark(number) {
  const item = data.items[number], label = decided.get(item.path), { button, text } = small[number];
  text.textContent = item.given + " → " + (label === undefined ? item.likelier + "?" : words(label));
  const state = label === undefined ? "" : label === item.given ? "same" : "done";
  button.className = state + (number === at ? " now" : "");
}
function show() {
  const item = data.items[at], label = decided.get(item.path);
  $("picture").src = source(item);
  $("picture").alt = item.image ? "given as " + item.given : "This picture can't be read.";
  $("path").textContent = (at + 1) + " of " + data.items.length + " · " + item.path;
  $("given").textContent = item.given; $("likelier").textContent = item.likelier;
  $("probability").textContent = (100 * item.probability).toFixed(0) + " %";
  $("decided").textContent = words(label);
  $("take").setAttribute("aria-pressed", label === item.likelier);
  $("keep").setAttribute("aria-pressed", label === item.given);
  $("out").setAttribute("aria-pressed", label === data.leftOut);
  $("other").value = data.labels.includes(label) && label !== item.given && label !== item.likelier ? label : "";
  small.forEach((_, number) => mark(number));
  const done = data.items.filter((item) => decided.has(item.path)).length;
  $("count").textContent = done + " of " + data.items.length + " decided";
  $("storage").textContent = stored ? "" : "This browser keeps nothing: export before you close the page.";
}
function decide(label) {
  change(data.items[at].path, label);
  try { localStorage.setItem(data.key, JSON.stringify([...changes])); } catch { stored = false; }
  if (label !== null) move(1); else show();
}
function move(step) { at = Math.min(Math.max(at + step, 0), data.items.length - 1); show(); }
function todo() {
  const rest = data.items.map((_, i) => (at + 1 + i) % data.items.length).find((i) => !decided.has(data.items[i].path));
  if (rest !== undefined) { at = rest; show(); }
}
function save() {
  const givens = new Map([...Object.entries(data.givenOf), ...data.items.map((item) => [item.path, item.given])]);
  const cell = (text) => /[",\\r\\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
  const lines = [data.columns, ...[...decided].map(([path, label]) => [path, givens.get(path), label])];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.map((line) => line.map(cell).join(",") + "\\n").join("")],
    { type: "text/csv" }));
  link.download = data.file; link.click(); URL.revokeObjectURL(link.href);
}
const actions = {
  y: () => decide(data.items[at].likelier), k: () => decide(data.items[at].given), x: () => decide(data.leftOut),
  u: () => decide(null), o: () => $("other").focus(), n: todo, e: save,
  arrowleft: () => move(-1), arrowright: () => move(1),
};
const buttons = {
  take: "y", keep: "k", out: "x", clear: "u", back: "arrowleft", next: "arrowright", todo: "n", export: "e",
};
for (const [id, key] of Object.entries(buttons))
  $(id).addEventListener("click", () => { actions[key](); $(id).blur(); });
$("other").addEventListener("change", (event) => {
  if (event.target.value) decide(event.target.value);
  event.target.blur();
});
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
  const action = actions[event.key.toLowerCase()];
  if (action) { event.preventDefault(); action(); }
});
if (decided.has(data.items[0].path)) todo();
show();
</script>
</body>
</html>
"""
