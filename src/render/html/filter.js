"use strict";
(() => {
  const text = document.getElementById("filter"), outcome = document.getElementById("outcome");
  const cause = document.getElementById("cause"), count = document.getElementById("count");
  if (!text) return;
  const rows = [...document.querySelectorAll("tr[data-id]")];
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const content = row.textContent.toLowerCase();
      const fits = words.every(word => content.includes(word))
        && (!outcome.value || row.dataset.outcome === outcome.value)
        && (!cause.value || row.dataset.cause === cause.value);
      row.hidden = !fits;
      const article = document.getElementById("s" + row.dataset.id);
      if (article) article.hidden = !fits;
      if (fits) shown += 1;
    }
    count.textContent = shown + " of " + rows.length;
  };
  for (const control of [text, outcome, cause]) control.addEventListener("input", apply);
  const open = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const details = target && target.querySelector("details");
    if (details) { details.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  document.querySelector(".tools").classList.remove("nojs");
  apply();
  open();
})();
