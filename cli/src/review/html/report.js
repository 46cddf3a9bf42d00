
"use strict";
(() => {
  const form = document.getElementById("filter");
  const changes = [...document.querySelectorAll(".change")];
  if (changes.length < 2) return;
  const find = document.getElementById("find");
  const environment = document.getElementById("environment");
  const found = document.getElementById("found");
  const said = changes.map((change) => (change.querySelector("summary") || change).textContent.toLowerCase());
  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    changes.forEach((change, index) => {
      const places = change.dataset.environments.split(" ");
      const here = !environment.value || places.includes(environment.value);
      const shown = here && words.every((word) => said[index].includes(word));
      change.hidden = !shown;
      count += shown ? 1 : 0;
    });
    document.querySelectorAll("#changes > .part").forEach((part) => {
      const own = part.querySelectorAll(".change");
      part.hidden = own.length > 0 && [...own].every((change) => change.hidden);
    });
    const all = changes.length;
    found.textContent = count === all ? `${all} changes` : `${count} of ${all} changes`;
  };
  const open = (state) => changes.filter((change) => !change.hidden).forEach((change) => { change.open = state; });
  find.addEventListener("input", show);
  environment.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("open").addEventListener("click", () => open(true));
  document.getElementById("close").addEventListener("click", () => open(false));
  form.hidden = false;
  show();
})();
