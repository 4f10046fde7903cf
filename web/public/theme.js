// Runs before the first paint, so that a chosen theme never flashes the other one. Also in src/lib/theme.ts.
(function () {
  try {
    var chosen = localStorage.getItem("vivier.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage is closed to us: the system's theme it is.
  }
})();
