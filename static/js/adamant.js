// The page's own behaviour. Every page and form works without it.
(() => {
  "use strict";

  const body = document.body;
  const typing = (el) => el.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");
  const shown = (el) => el && el.offsetParent !== null && !el.disabled;

  // Rows of the inbox: j and k move, x selects, Enter opens (the link's own behaviour).
  const rows = () => [...document.querySelectorAll("[data-row]")];
  function move(step) {
    const all = rows();
    if (!all.length) return;
    const here = all.findIndex((row) => row.contains(document.activeElement) || row.querySelector("[aria-current]"));
    const next = all[Math.min(Math.max(here + step, 0), all.length - 1)];
    next.querySelector("a").focus();
  }
  function toggle() {
    const row = document.activeElement.closest("[data-row]");
    const box = row && row.querySelector("input[type=checkbox]");
    if (box) box.click();
  }
  function press(key) {
    const target = [...document.querySelectorAll(`[data-key="${key}"]`)].find(shown);
    if (!target) return false;
    if (target.matches("details")) target.open = true;
    const field = target.matches("details") ? target.querySelector("input:not([type=hidden]), textarea, select") : null;
    if (field) field.focus();
    else if (target.hasAttribute("data-key-focus")) target.focus();
    else target.click();
    return true;
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = [...document.querySelectorAll("details.pop[open]")].pop();
      if (open) {
        open.open = false;
        open.querySelector("summary").focus();
      }
      return;
    }
    if (!body.hasAttribute("data-shortcuts") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "x") toggle();
    else if (!/^[arz?]$/.test(event.key) || !press(event.key)) return;
    event.preventDefault();
  });

  // A menu closes when the focus or a click leaves it.
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.pop[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  // Dialogs open from a button that names them; without a dialog the link goes to a page.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog && dialog.showModal) {
      event.preventDefault();
      dialog.showModal();
    }
  });

  // Bulk: the bar shows while something is selected.
  function countSelected() {
    const bar = document.querySelector("[data-bulk]");
    if (!bar) return;
    const chosen = document.querySelectorAll("[data-row] input:checked").length;
    bar.hidden = chosen === 0;
    const label = bar.querySelector("[data-bulk-count]");
    if (label) label.textContent = String(chosen);
  }
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-row]")) countSelected();
    if (event.target.matches("[data-submit-on-change] select")) event.target.form.requestSubmit();
  });

  // Seconds left of an undo window.
  function tick() {
    document.querySelectorAll("[data-countdown]").forEach((el) => {
      const left = Math.ceil((Date.parse(el.dataset.countdown) - Date.now()) / 1000);
      el.textContent = el.dataset.text.replace("{n}", String(Math.max(left, 0)));
      if (left <= 0) {
        el.removeAttribute("data-countdown");
        if (window.htmx) htmx.trigger(body, "pending-changed");
      }
    });
  }
  setInterval(tick, 500);

  // Status messages leave on their own; the words stay readable for ten seconds.
  function markOpen() {
    document.querySelectorAll("[data-row] a").forEach((link) => {
      if (link.pathname === location.pathname) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }
  document.addEventListener("htmx:pushedIntoHistory", markOpen);
  // A refresh must not take away what is selected.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const list = event.detail.elt;
    // On one column a proposal is a page of its own.
    if (list.matches("[data-row] a") && !matchMedia("(min-width: 64rem)").matches) {
      event.preventDefault();
      location.assign(list.href);
    }
    if (list.id === "inbox-list" && list.querySelector("input:checked")) event.preventDefault();
  });
  function settle(root) {
    if (document.querySelector("[data-row]")) markOpen();
    root.querySelectorAll("[data-toast]").forEach((toast) => {
      if (toast.dataset.timed) return;
      toast.dataset.timed = "1";
      setTimeout(() => toast.remove(), 10000);
    });
    const wanted = root.matches?.("[data-focus]") ? root : root.querySelector("[data-focus]");
    if (wanted) wanted.focus({ preventScroll: false });
    countSelected();
    tick();
  }
  document.addEventListener("htmx:load", (event) => settle(event.detail.elt));
  document.addEventListener("DOMContentLoaded", () => settle(document));
  ["htmx:sendError", "htmx:responseError"].forEach((name) =>
    document.addEventListener(name, () => {
      const status = document.getElementById("status");
      const text = document.getElementById("network-error");
      if (status && text) status.replaceChildren(text.content.cloneNode(true));
    }),
  );

  // Pings say that something changed, never what: the page asks again for its own parts.
  let stream = null;
  function listen() {
    if (stream || !body.dataset.stream || document.hidden || !window.EventSource) return;
    stream = new EventSource(body.dataset.stream);
    stream.addEventListener("pending.changed", () => window.htmx && htmx.trigger(body, "pending-changed"));
    stream.addEventListener("bye", () => hush());
  }
  function hush() {
    if (stream) stream.close();
    stream = null;
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? hush() : listen()));
  window.addEventListener("pagehide", hush);
  if (document.querySelector("[data-live]")) listen();
})();
