"use strict";
// Filters the failures and the requirements. Without it everything is shown.
(() => {
  const form = document.getElementById("filter");
  const shown = document.getElementById("shown");
  const items = Array.from(document.querySelectorAll("[data-kind]"), (element) => ({
    element,
    kind: element.dataset.kind,
    levels: element.dataset.levels.split(" "),
    state: element.dataset.states,
    text: element.textContent.toLowerCase(),
  }));
  const groups = document.querySelectorAll(".profile, #failures");

  const chosen = (name) =>
    new Set(Array.from(form.querySelectorAll(`[name=${name}]:checked`), (box) => box.value));

  const count = (kind, word) => {
    const all = items.filter((item) => item.kind === kind);
    const left = all.filter((item) => !item.element.hidden);
    return all.length ? `${left.length} of ${all.length} ${word}${all.length === 1 ? "" : "s"}` : "";
  };

  const apply = () => {
    const levels = chosen("level");
    const states = chosen("state");
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of items) {
      item.element.hidden = !(
        item.levels.some((level) => levels.has(level)) &&
        states.has(item.state) &&
        words.every((word) => item.text.includes(word))
      );
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-kind]:not([hidden])");
    }
    const told = [count("failure", "failure"), count("requirement", "requirement")];
    shown.textContent = `${told.filter(Boolean).join(" and ")} shown`;
  };

  // A link inside the page leads to something that is open, and not filtered away.
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]") || target.hidden) {
      form.reset();
      apply();
    }
    if (target.tagName === "DETAILS") target.open = true;
    target.scrollIntoView();
  };

  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  addEventListener("hashchange", open);
  form.hidden = false;
  apply();
  if (location.hash) open();
})();
