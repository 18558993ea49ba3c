(function () {
  "use strict";
  var box = document.querySelector(".tools");
  if (!box) { return; }
  function make(tag, text) {
    var e = document.createElement(tag);
    if (text) { e.textContent = text; }
    box.appendChild(e);
    return e;
  }
  var units = Array.prototype.slice.call(document.querySelectorAll(".unit"));
  var input = make("input");
  input.type = "search";
  input.placeholder = "filter units: name, layer, tool, change";
  input.setAttribute("aria-label", input.placeholder);
  input.addEventListener("input", function () {
    var words = input.value.toLowerCase().split(" ").filter(Boolean);
    units.forEach(function (u) {
      var text = (u.dataset.text + " " + u.textContent).toLowerCase();
      u.hidden = !words.every(function (w) { return text.indexOf(w) !== -1; });
    });
  });
  function all(open) {
    return function () {
      document.querySelectorAll("details").forEach(function (d) { d.open = open; });
    };
  }
  make("button", "open all").addEventListener("click", all(true));
  make("button", "close all").addEventListener("click", all(false));
  window.addEventListener("hashchange", function () {
    var u = document.getElementById(location.hash.slice(1));
    var d = u ? u.querySelector("details") : null;
    if (d) { d.open = true; }
  });
  document.querySelectorAll("svg .node").forEach(function (n) {
    function light(on) {
      return function () {
        n.ownerSVGElement.querySelectorAll(".edge").forEach(function (e) {
          if (e.dataset.from === n.dataset.node || e.dataset.to === n.dataset.node) {
            e.classList.toggle("lit", on);
          }
        });
      };
    }
    n.addEventListener("mouseenter", light(true));
    n.addEventListener("mouseleave", light(false));
  });
}());
