// Times in the reader's zone, new messages as they arrive, and the button that clears the inbox.
"use strict";

const list = document.getElementById("messages");
const live = document.getElementById("live");
const clear = document.getElementById("clear");
const LONGEST = 300;
let unseen = 0;

function showTimes(root) {
  const today = new Date().toDateString();
  for (const element of root.querySelectorAll("time")) {
    const at = new Date(element.dateTime);
    element.title = at.toLocaleString();
    if ("full" in element.dataset) {
      element.textContent = at.toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
    } else if (at.toDateString() === today) {
      element.textContent = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    } else {
      element.textContent = at.toLocaleDateString([], { day: "numeric", month: "short" });
    }
  }
}

function showCounts(counts) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (const element of document.querySelectorAll("[data-count]")) {
    element.textContent = counts[element.dataset.count] ?? all;
  }
  clear.hidden = all === 0;
}

function arrive(event) {
  const { html, counts } = JSON.parse(event.data);
  list.insertAdjacentHTML("afterbegin", html);
  list.firstElementChild.classList.add("fresh");
  showTimes(list.firstElementChild);
  showCounts(counts);
  document.getElementById("nothing")?.remove();
  while (list.children.length > LONGEST) list.lastElementChild.remove();
  if (document.hidden) document.title = `(${++unseen}) Inbox`;
}

showTimes(document);
clear.hidden = list.children.length === 0;
clear.addEventListener("click", async () => {
  if (!confirm("Delete every message, those not shown too?")) return;
  const answer = await fetch("/api/messages", { method: "DELETE" });
  if (answer.ok) location.href = "/";
  else alert((await answer.json()).error.message);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) [unseen, document.title] = [0, "Inbox"];
});

const { query, newest } = document.body.dataset;
const events = new EventSource(`/events?${query ? `${query}&` : ""}after=${newest}`);
const setLive = (on) => {
  live.hidden = false;
  live.classList.toggle("on", on);
  live.lastElementChild.textContent = on ? "Live" : "Reconnecting…";
};
events.onopen = () => setLive(true);
events.onerror = () => setLive(false);
events.onmessage = arrive;
