// The console's only script: sends what is said and pressed, and keeps the page as the server says it is.
"use strict";

(() => {
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const main = one("main[data-channel]");
  const channel = main?.dataset.channel;
  const reader = one("[data-reader]")?.dataset.reader;
  const working = new Set();

  const announce = (words) => { one("#announcer").textContent = words; };
  const fragment = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html; // made by our own renderer, which escapes all that people and models wrote
    return holder.content;
  };

  // The token of a session's pages; there is one where people sign in.
  function csrf() {
    const token = one("input[name=csrf]")?.value;
    return token ? { "X-CSRF-Token": token } : {};
  }

  async function post(address, body) {
    let answer;
    try {
      answer = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", ...csrf() },
        body: JSON.stringify(body),
      });
    } catch {
      throw new Error("Countersign does not answer. Nothing is lost: try again.");
    }
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.error || `Countersign answered ${answer.status}. Try again.`);
    return said;
  }

  // Light or dark

  function switchTheme() {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    document.cookie = `countersign_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
    announce(isDark ? "Light colours" : "Dark colours");
  }

  function toggleMenu(open = !one("#side").classList.contains("is-open")) {
    one("#side").classList.toggle("is-open", open);
    one("#menu")?.setAttribute("aria-expanded", String(open));
    if (open) one("#side .place").focus();
  }

  // Saying something

  // The box is empty at once, so that what is typed next is nobody's to erase; what was not taken comes back.
  // Messages of one box go out one after the other, in the order in which they were written.
  function send(composer) {
    const box = one("textarea", composer);
    const text = box.value;
    if (!text.trim()) return;
    box.value = "";
    one(".composer-error", composer).textContent = "";
    composer.sending = (composer.sending ?? Promise.resolve()).then(() => deliver(composer, box, text));
  }

  async function deliver(composer, box, text) {
    // The key of what failed is kept with its words, so that sending them again says them once.
    const key = composer.failed?.text === text ? composer.failed.key : crypto.randomUUID();
    const thread = composer.dataset.thread || null;
    let said;
    try {
      said = await post("/console/say", { key, channel: composer.dataset.channel, thread, text });
    } catch (failure) {
      giveBack(composer, thread, { key, text }, failure.message);
      return;
    }
    composer.failed = null;
    if (!thread) await openThread(said.thread, { focus: "composer", from: box });
  }

  function giveBack(composer, thread, failed, problem) {
    const before = (typed) => (typed ? `${failed.text}\n${typed}` : failed.text);
    const shown = composer.isConnected ? composer : opened() === thread && one("#pane .composer");
    if (!shown) {
      drafts.set(thread, before(drafts.get(thread)));
      return;
    }
    shown.failed = failed;
    const box = one("textarea", shown);
    box.value = before(box.value);
    one(".composer-error", shown).textContent = problem;
  }

  // Threads

  const address = (thread) => `/console/in/${encodeURIComponent(channel)}${thread ? `?thread=${encodeURIComponent(thread)}` : ""}`;
  const opened = () => one("#pane .pane-inner")?.dataset.thread;

  const drafts = new Map(); // what was typed in a thread and not sent, while another one is open
  let lastAsked = null; // the thread that was asked for last; an answer that comes late opens nothing

  function keepDraft() {
    const box = one("#pane textarea");
    if (box) drafts.set(opened(), box.value);
  }

  const isOneAtATime = matchMedia("(max-width: 1120px)"); // as the style sheet has it

  // `from` is the box whose words began the thread. Whoever writes on there stays there, and where the thread
  // would take the box's place, it is not opened.
  async function openThread(thread, { focus, from, keepAddress } = {}) {
    lastAsked = thread;
    const answer = await fetch(`/console/in/${encodeURIComponent(channel)}/${encodeURIComponent(thread)}`, { headers: { Accept: "application/json" } });
    const pane = await answer.text();
    const writesOn = Boolean(from?.value);
    if (!answer.ok || lastAsked !== thread || (writesOn && isOneAtATime.matches)) return;
    keepDraft();
    one("#pane").replaceChildren(fragment(pane));
    one("#pane textarea").value = drafts.get(thread) ?? "";
    one("#shell").classList.add("has-pane");
    if (!keepAddress) history.pushState({ thread }, "", address(thread));
    markOpen();
    toEnd(one("#pane-scroll"));
    if (writesOn) return;
    if (focus === "composer") one("#pane textarea").focus();
    else if (focus) one("#pane-scroll").focus();
  }

  function closeThread({ keepAddress } = {}) {
    const thread = opened();
    lastAsked = null;
    keepDraft();
    one("#pane").replaceChildren();
    one("#shell").classList.remove("has-pane");
    if (!keepAddress) history.pushState({}, "", address());
    markOpen();
    if (thread && !focusLine(thread)) closedUnlisted = thread;
  }

  // A thread that was begun and closed before its line is there: the line takes the focus when it comes,
  // unless it has gone elsewhere.
  let closedUnlisted = null;

  function focusLine(thread) {
    const line = one(`[data-open="${CSS.escape(thread)}"]`);
    line?.focus();
    return Boolean(line);
  }

  function markOpen() {
    for (const item of all(".thread")) item.classList.toggle("is-open", item.dataset.thread === opened());
    showWorking();
  }

  const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 120;
  const toEnd = (box) => { if (box) box.scrollTop = box.scrollHeight; };

  function showWorking() {
    for (const item of all(".thread")) one(".working-dots", item).hidden = !working.has(item.dataset.thread);
    const line = one("#pane-working");
    if (!line) return;
    const isWorking = working.has(opened());
    if (line.hidden && isWorking) announce("Countersign is working on it");
    line.hidden = !isWorking;
    if (!isWorking) for (const button of all("#pane .is-sent, #threads .is-sent")) release(button);
  }

  // News from the server

  function place(list, found, fresh) {
    if (!found) { list.append(fresh); return; }
    const openDetails = all("details", found).map((details) => details.open);
    const hadFocus = found.contains(document.activeElement);
    const wasLine = document.activeElement?.matches("[data-open]");
    found.replaceWith(fresh);
    all("details", fresh).forEach((details, index) => { details.open = openDetails[index] ?? false; });
    if (hadFocus) ((wasLine && one("[data-open]", fresh)) || one(".actions button", fresh) || one("[data-message]", fresh) || fresh).focus({ preventScroll: true });
  }

  // What was announced or was there at first, by version. A thread that is opened may show a message before its
  // news is here, and it is announced all the same.
  const heard = new Map();
  for (const item of all("[data-message]")) heard.set(item.dataset.message, item.dataset.version);

  function onMessage(news) {
    if (news.channel !== channel) return;
    const listed = one(`#t-${CSS.escape(news.thread)}`);
    const known = one(`[data-message="${CSS.escape(news.id)}"]`);
    const isNew = !known || known.dataset.version !== news.version;
    const isUnheard = heard.get(news.id) !== news.version;
    heard.set(news.id, news.version);
    listThread(listed, news);
    if (opened() === news.thread) showInPane(news, isNew);
    if (isUnheard && !news.mine) announce(`${news.author} ${news.edited ? "updated" : "says"}: ${news.text}`);
    remember();
  }

  function listThread(listed, news) {
    const box = one("#scroll");
    const follow = isAtEnd(box);
    const fresh = fragment(news.listed).firstElementChild;
    if (listed?.dataset.version === fresh.dataset.version) return;
    one("#welcome").hidden = true;
    if (!listed && ![...all(".day")].some((mark) => mark.dataset.day === fresh.dataset.day)) {
      const mark = document.createElement("li");
      mark.className = "day";
      mark.dataset.day = fresh.dataset.day;
      mark.append(Object.assign(document.createElement("span"), { textContent: fresh.dataset.day }));
      one("#threads").append(mark);
    }
    place(one("#threads"), listed, fresh);
    if (closedUnlisted === news.thread && (document.activeElement !== document.body || focusLine(news.thread))) closedUnlisted = null;
    markOpen();
    if (!listed && follow) toEnd(box);
  }

  function showInPane(news, isNew) {
    const box = one("#pane-scroll");
    const found = one(`#pane [data-message="${CSS.escape(news.id)}"]`);
    if (found?.dataset.version === news.version) return;
    const follow = isAtEnd(box) || news.mine;
    const hadRoom = !found || found.offsetHeight <= box.clientHeight;
    const fresh = fragment(news.html).firstElementChild;
    place(one("#pane-messages"), found, fresh);
    if (isNew && found) fresh.classList.add("is-fresh");
    if (follow && hadRoom && !fresh.nextElementSibling) showLast(box, fresh, news.mine);
  }

  // The last message is shown to its end; one that has no room, from its beginning. Whoever reads within
  // one that had no room before, or in one further up, is left where they are.
  function showLast(box, message, isMine) {
    if (!isMine && message.offsetHeight > box.clientHeight) message.scrollIntoView({ block: "start" });
    else toEnd(box);
  }

  function listen() {
    const source = new EventSource(`/console/events?since=${encodeURIComponent(main.dataset.since)}`);
    source.addEventListener("message", (event) => onMessage(JSON.parse(event.data)));
    source.addEventListener("newest", (event) => {
      for (const [name, number] of Object.entries(JSON.parse(event.data))) {
        const link = one(`[data-place="${CSS.escape(name)}"]`);
        if (link) link.dataset.newest = number;
      }
      remember();
    });
    source.addEventListener("working", (event) => {
      working.clear();
      for (const [name, thread] of JSON.parse(event.data)) if (name === channel) working.add(thread);
      showWorking();
    });
  }

  // What was read, kept in this browser for each person

  const readKey = (name) => `countersign:read:${reader}:${name}`;
  const readUpTo = (name) => Number(localStorage.getItem(readKey(name)) || 0);

  function remember() {
    if (channel && document.visibilityState === "visible") {
      const numbers = all(".thread").map((item) => Number(item.dataset.number));
      const here = one(`[data-place="${CSS.escape(channel)}"]`);
      const newest = Math.max(0, Number(here?.dataset.newest || 0), ...numbers);
      localStorage.setItem(readKey(channel), String(newest));
    }
    for (const link of all("[data-place]")) {
      const isUnread = Number(link.dataset.newest) > readUpTo(link.dataset.place);
      one(".unread", link).hidden = !isUnread;
      link.classList.toggle("has-unread", isUnread);
    }
  }

  function markNew() {
    const seen = readUpTo(channel);
    const first = seen && all(".thread").find((item) => Number(item.dataset.number) > seen && !("mine" in item.dataset));
    if (!first) return;
    const mark = Object.assign(document.createElement("li"), { className: "new-mark", textContent: "New" });
    first.before(mark);
  }

  // Buttons and their forms

  function release(button) {
    button.classList.remove("is-sent");
    for (const other of all("button", button.closest(".actions") || button.parentElement)) other.disabled = false;
  }

  async function press(button, values = {}) {
    button.dataset.key ||= crypto.randomUUID();
    const said = await post("/console/click", { key: button.dataset.key, token: button.dataset.token, values });
    delete button.dataset.key;
    button.classList.add("is-sent");
    for (const other of all("button", button.closest(".actions"))) other.disabled = true;
    // News of what the press did may be here before its answer; then it is what counts.
    if (button.isConnected) announce(`${button.textContent.trim()}: sent`);
    if (said.channel === channel && opened() !== said.thread) await openThread(said.thread, { focus: "messages" });
  }

  function showProblem(button, words) {
    const row = button.closest(".actions");
    let line = row.nextElementSibling;
    if (!line?.classList.contains("composer-error")) {
      line = Object.assign(document.createElement("p"), { className: "composer-error" });
      line.setAttribute("role", "alert");
      row.after(line);
    }
    line.textContent = words;
  }

  async function openForm(button) {
    const answer = await fetch(`/console/forms/${encodeURIComponent(button.dataset.token)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) {
      showProblem(button, (await answer.json()).error);
      return;
    }
    const dialog = fragment(await answer.text()).firstElementChild;
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      (button.isConnected && !button.disabled ? button : one("#pane-scroll") || one("#scroll")).focus();
    });
    one("form", dialog).addEventListener("submit", (event) => { event.preventDefault(); submitForm(dialog, button); });
    dialog.showModal();
    one("input, select, textarea", dialog)?.focus();
  }

  async function submitForm(dialog, button) {
    const form = one("form", dialog);
    const values = {};
    for (const input of all("input, select, textarea", form)) {
      if ("many" in input.dataset) {
        values[input.name] ||= [];
        if (input.checked) values[input.name].push(input.value);
      } else values[input.name] = input.value;
    }
    const empty = one("[data-at-least-one]:not(:has(:checked))", form);
    if (empty) {
      one(".dialog-error", form).textContent = `Choose at least one: ${one("legend", empty).textContent}`;
      one("input", empty).focus();
      return;
    }
    try {
      await press(button, values);
      dialog.close();
    } catch (failure) {
      one(".dialog-error", form).textContent = failure.message;
    }
  }

  // Deciding in the dashboard: sent as a press, and the page is brought up to date once it counts

  const pause = (milliseconds) => new Promise((resume) => setTimeout(resume, milliseconds));

  async function decide(form, choice) {
    const problem = one(".composer-error", form);
    const ends = (disabled) => all("button, input", form).forEach((part) => { part.disabled = disabled; });
    form.dataset.key ||= crypto.randomUUID();
    problem.textContent = "";
    const body = { key: form.dataset.key, choice, reason: form.elements.reason.value };
    ends(true);
    try {
      await post(`/dashboard/approvals/${encodeURIComponent(form.dataset.decides)}`, body);
    } catch (failure) {
      problem.textContent = failure.message;
      ends(false);
      return;
    }
    announce(`${choice === "approve" ? "Approve" : "Deny"}: sent`);
    for (let tries = 0; tries < 15; tries += 1) {
      await pause(700);
      if (await bringUpToDate(form.dataset.decides)) return;
    }
    problem.textContent = "Sent. It takes longer than usual; what comes of it is said in your direct messages.";
  }

  async function bringUpToDate(approval) {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return false;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (one(`[data-decides="${CSS.escape(approval)}"]`, fresh)) return false;
    one(".dash-body").replaceChildren(...one(".dash-body", fresh).childNodes);
    announce("Counted; the page is up to date");
    one(".dash .scroll").focus({ preventScroll: true });
    return true;
  }

  // Correcting how a document was read: what is chosen is sent together, and the page follows the plan

  function chooseReading(select) {
    select.classList.toggle("is-changed", select.value !== "");
    const form = select.form;
    const count = all("select.is-changed", form).length;
    one(".correct-bar", form).hidden = count === 0;
    one(".correct-count", form).textContent = `${count} of its statements ${count === 1 ? "changes" : "change"}`;
    form.dataset.key = crypto.randomUUID();
  }

  async function correctReading(form) {
    const problem = one(".composer-error", form);
    const chosen = all("select.is-changed", form);
    const corrections = Object.fromEntries(chosen.map((select) => [select.dataset.statement, select.value]));
    const body = { key: form.dataset.key, version: Number(form.dataset.version), corrections };
    const ends = (disabled) => all("button, select", form).forEach((part) => { part.disabled = disabled; });
    problem.textContent = "";
    ends(true);
    try {
      await post(`/dashboard/plans/${encodeURIComponent(form.dataset.corrects)}/reading`, body);
    } catch (failure) {
      problem.textContent = failure.message;
      ends(false);
      return;
    }
    one(".correct-count", form).textContent = "Sent. The plan is worked out again; this page follows.";
    await pause(1500);
    location.reload();
  }

  // Verifying the audit log: one line of JSON at a time

  async function verify(button) {
    const box = button.closest(".verify");
    const bar = one(".verify-progress", box);
    const words = one(".verify-words", box);
    button.disabled = true;
    bar.hidden = false;
    try {
      const answer = await fetch(button.dataset.verify, { method: "POST", headers: { Accept: "application/json", ...csrf() } });
      if (!answer.ok) throw new Error((await answer.json()).error);
      await eachLine(answer.body, (said) => {
        if (said.html) one(".verify-result", box).replaceChildren(fragment(said.html));
        else if (said.of) {
          bar.max = said.of;
          bar.value = said.done;
          words.textContent = `${said.done.toLocaleString("en")} of ${said.of.toLocaleString("en")} entries`;
        }
      });
    } catch (failure) {
      words.textContent = failure.message;
    } finally {
      button.disabled = false;
      bar.hidden = true;
    }
  }

  async function eachLine(body, take) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      const lines = (rest + piece.value).split("\n");
      rest = lines.pop();
      lines.forEach((line) => take(JSON.parse(line)));
    }
  }

  // Hands and keys

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (hit("#theme")) switchTheme();
    else if (hit("[data-choice]")) decide(hit("[data-decides]"), hit("[data-choice]").dataset.choice);
    else if (hit("[data-verify]")) verify(hit("[data-verify]"));
    else if (hit("#menu")) toggleMenu();
    else if (hit("[data-dismiss]")) hit("dialog").close();
    else if (hit("[data-suggestion]")) {
      const box = one(".channel textarea");
      box.value = hit("[data-suggestion]").textContent;
      box.focus();
    } else if (hit("[data-open]") && plain) {
      event.preventDefault();
      openThread(hit("[data-open]").dataset.open, { focus: "messages" });
    } else if (hit("[data-close]") && plain) {
      event.preventDefault();
      closeThread();
    } else if (hit("button[data-token]")) {
      const button = hit("button[data-token]");
      if ("form" in button.dataset) openForm(button);
      else press(button).catch((failure) => showProblem(button, failure.message));
    }
    if (!hit("#who")) one("#who")?.removeAttribute("open");
    if (!hit("#side") && !hit("#menu") && one("#side.is-open")) toggleMenu(false);
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-statement]")) chooseReading(event.target);
  });

  const again = one("[data-again]");
  if (again) setTimeout(() => location.reload(), Number(again.dataset.again) * 1000);

  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".composer, [data-decides], [data-corrects]")) return;
    event.preventDefault(); // Enter in a reason decides nothing
    if (event.target.matches(".composer")) send(event.target);
    if (event.target.matches("[data-corrects]")) correctReading(event.target);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches(".composer textarea")) {
      event.preventDefault();
      send(event.target.form);
    }
    if (event.key !== "Escape" || one("dialog[open]")) return;
    if (one("#who[open]")) { one("#who").open = false; one("#who summary").focus(); }
    else if (one("#side.is-open")) { toggleMenu(false); one("#menu").focus(); }
    else if (opened()) closeThread();
  });

  addEventListener("popstate", () => {
    const thread = new URLSearchParams(location.search).get("thread");
    if (thread) openThread(thread, { keepAddress: true });
    else if (opened()) closeThread({ keepAddress: true });
  });
  document.addEventListener("visibilitychange", remember);

  remember();
  if (main) {
    markNew();
    remember();
    markOpen();
    toEnd(one("#scroll"));
    toEnd(one("#pane-scroll"));
    listen();
  }
})();
