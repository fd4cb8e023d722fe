// The page's few moves: send what was done, and show anew what changed.

const me = document.body.dataset.me;
let version = Number(document.body.dataset.version);
let awaited = "";

async function send(action, body) {
  const isForm = body instanceof FormData;
  const answer = await fetch(`${me}/${action}`, {
    method: "POST",
    headers: isForm ? {} : { "Content-Type": "application/json" },
    body: isForm ? body : JSON.stringify(body),
  });
  if (!answer.ok) {
    toast("That did not work. Reload the page.");
    return {};
  }
  const found = await answer.json();
  if (found.error && action !== "submit") toast(found.error);
  refresh();
  return found;
}

function toast(words) {
  const place = document.getElementById("toast");
  place.textContent = words;
  place.hidden = false;
  setTimeout(() => { place.hidden = true; }, 5000);
}

// Showing anew: each live part is replaced if it differs. What is open, focused or scrolled stays so.

async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  version = Math.max(version, Number(fresh.body.dataset.version));
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (next && next.innerHTML !== part.dataset.shown) put(part, next.innerHTML);
  }
  follow();
}

// An answer in a thread would be easy to miss: the thread is opened beside what was asked.
function follow() {
  const replies = awaited && document.querySelector(`.replies[href$="thread=${CSS.escape(awaited)}"]`);
  if (replies && !document.querySelector(".thread") && !document.querySelector("[data-composer] textarea").value) {
    location.href = replies.href;
  }
}

function put(part, markup) {
  if (part.id === "modal") return putModal(part, markup);
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...part.querySelectorAll("details[open][id]")].map((one) => one.id);
  const isAtEnd = part.scrollHeight - part.scrollTop - part.clientHeight < 60;
  const top = part.scrollTop;
  part.innerHTML = markup;
  part.dataset.shown = markup;
  for (const id of open) part.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  part.scrollTop = isAtEnd && !("top" in part.dataset) ? part.scrollHeight : top;
  if (focused) document.getElementById(focused)?.focus();
}

function putModal(part, markup) {
  const before = part.querySelector("dialog");
  const key = (dialog) => (dialog ? dialog.dataset.view + dialog.dataset.hash : "");
  const holder = document.createElement("div");
  holder.innerHTML = markup;
  part.dataset.shown = markup;
  if (key(holder.querySelector("dialog")) === key(before)) return;
  part.innerHTML = markup;
  openModal(part);
}

function openModal(part) {
  const dialog = part.querySelector("dialog");
  if (!dialog) return;
  dialog.showModal();
  dialog.querySelector(".modal-body input, .modal-body select, .modal-body textarea")?.focus();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    send("close", {});
  });
}

async function watch() {
  for (;;) {
    try {
      const answer = await fetch(`/page/changes?since=${version}`);
      const now = (await answer.json()).version;
      if (now !== version) {
        version = now;
        await refresh();
      }
    } catch {
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
}

// Doing things

function thing(element) {
  const { view, channel, ts, block, action } = element.dataset;
  return { view, channel, ts, block, action };
}

document.addEventListener("click", async (event) => {
  const element = event.target.closest("[data-press], [data-shortcut], [data-stop], [data-close-modal], [data-say]");
  if (!element) return;
  if ("press" in element.dataset) {
    if (element.dataset.confirm && !confirm(element.dataset.confirm)) return;
    if (element.dataset.url) window.open(element.dataset.url, "_blank", "noreferrer");
    element.setAttribute("aria-busy", "true");
    await send("press", { ...thing(element), value: element.dataset.value });
    element.removeAttribute("aria-busy");
  } else if ("shortcut" in element.dataset) {
    send("shortcut", { ...thing(element), callback: element.dataset.shortcut });
  } else if ("stop" in element.dataset) {
    send("stop", thing(element));
  } else if ("closeModal" in element.dataset) {
    send("close", {});
  } else {
    const box = document.querySelector("[data-composer] textarea");
    box.value = element.dataset.say;
    box.form.requestSubmit();
  }
});

document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-choose]");
  if (!field) return;
  let answer = field.value;
  if ("many" in field.dataset) {
    const boxes = field.closest(".choices").querySelectorAll("input:checked");
    answer = [...boxes].map((box) => box.value);
  } else if (field.multiple) {
    answer = [...field.selectedOptions].map((option) => option.value);
  }
  send("press", { ...thing(field), answer });
});

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if ("composer" in form.dataset) {
    const body = new FormData(form);
    if (!body.get("text").trim() && !form.files.files.length) return;
    form.reset();
    const { said } = await send("say", body);
    if (said && !body.has("thread")) awaited = said;
    follow();
  } else if ("modal" in form.dataset) {
    showErrors(form, await send("submit", answers(form)));
  }
});

function answers(form) {
  const found = {};
  for (const input of form.querySelectorAll("[data-input]")) {
    const block = input.dataset.input;
    const field = input.querySelector("select, textarea, input");
    if (!field) continue;
    if (field.type === "checkbox") found[block] = [...input.querySelectorAll(":checked")].map((box) => box.value);
    else if (field.type === "radio") found[block] = input.querySelector(":checked")?.value ?? "";
    else if (field.multiple) found[block] = [...field.selectedOptions].map((option) => option.value);
    else found[block] = field.value;
  }
  return found;
}

function showErrors(form, { error, errors = {} }) {
  const place = form.querySelector(".modal-error");
  place.textContent = error ?? "";
  place.hidden = !error;
  for (const input of form.querySelectorAll("[data-input]")) {
    const words = errors[input.dataset.input];
    input.classList.toggle("has-error", Boolean(words));
    const note = input.querySelector(".error");
    note.textContent = words ?? "";
    note.hidden = !words;
  }
  form.querySelector(".has-error input, .has-error textarea, .has-error select")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && event.target.matches("[data-composer] textarea")) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    document.querySelector("details.who[open]")?.removeAttribute("open");
  }
});

document.addEventListener("change", (event) => {
  if (!event.target.matches(".attach input")) return;
  const count = event.target.files.length;
  event.target.nextElementSibling.textContent = count ? `${count} file${count > 1 ? "s" : ""} attached` : "Attach files";
});

document.addEventListener("reset", (event) => {
  const words = event.target.querySelector(".attach span");
  if (words) words.textContent = "Attach files";
});

for (const part of document.querySelectorAll("[data-live]")) {
  part.dataset.shown = part.innerHTML;
  if (part.matches(".scroll") && !("top" in part.dataset)) part.scrollTop = part.scrollHeight;
}
openModal(document.getElementById("modal"));
document.querySelector(".thread textarea")?.focus();
if (document.querySelector("[data-opens-home]")) send("open-home", {});
watch();
