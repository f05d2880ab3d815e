// Everything works without this. It copies text, and lets screen readers hear what happened.
"use strict";

const spoken = document.getElementById("spoken");

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    let words = button.dataset.done;
    try {
      const source = button.dataset.from && document.getElementById(button.dataset.from);
      await navigator.clipboard.writeText(source ? source.textContent : button.dataset.copy);
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 2000);
    } catch {
      words = button.dataset.failed;
    }
    // The same words twice would be heard once.
    spoken.textContent = "";
    setTimeout(() => { spoken.textContent = words; }, 50);
  });
}

// Live regions are read out when they change, and these came with the page.
for (const said of document.querySelectorAll(".message[role]")) {
  setTimeout(() => said.replaceChildren(...said.childNodes), 100);
}
