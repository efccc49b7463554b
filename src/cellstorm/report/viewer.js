"use strict";
// Pictures of one place are moved and enlarged together; the scale bar goes with them.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const NARROWEST_NM = 150;
  const BAR_SHARE = 0.25;
  const PIXELS_SEEN = 4;

  const niceLength = (longest) => {
    const power = 10 ** Math.floor(Math.log10(longest));
    return [5, 2, 1].map((step) => step * power).find((length) => length <= longest * (1 + 1e-9));
  };
  const lengthLabel = (nm) => {
    const rounded = (value) => Number(value.toPrecision(3)).toString();
    if (nm >= 1e6) return `${rounded(nm / 1e6)} mm`;
    return nm >= 1e3 ? `${rounded(nm / 1e3)} µm` : `${rounded(nm)} nm`;
  };

  const setUp = (viewer) => {
    const { x0Nm, y0Nm, widthNm, heightNm } = Object.fromEntries(
      Object.entries(viewer.dataset).map(([name, value]) => [name, Number(value)]),
    );
    const stages = [...viewer.querySelectorAll(".stage")];
    const mark = viewer.querySelector(".mark");
    const where = viewer.querySelector(".where");
    const most = Math.max(4, widthNm / NARROWEST_NM);
    // the part that is shown: its corner in shares of the field; its size is one over the scale
    let scale = 1;
    let left = 0;
    let top = 0;

    const button = (name) => viewer.querySelector(`[data-do="${name}"]`);
    const within = (value, low, high) => Math.min(Math.max(value, low), high);

    const show = () => {
      scale = within(scale, 1, most);
      left = within(left, 0, 1 - 1 / scale);
      top = within(top, 0, 1 - 1 / scale);
      const bar = niceLength((BAR_SHARE * widthNm) / scale);
      for (const stage of stages) {
        const world = stage.querySelector(".world");
        world.style.setProperty("--scale", scale);
        world.style.transform = `scale(${scale}) translate(${-100 * left}%, ${-100 * top}%)`;
        stage.querySelector(".scale").style.width = `${(100 * bar * scale) / widthNm}%`;
        stage.querySelector(".scale span").textContent = lengthLabel(bar);
        const image = world.querySelector("img");
        const shown = (image.offsetWidth * scale) / Math.max(image.naturalWidth, 1);
        stage.classList.toggle("pixels", shown > PIXELS_SEEN);
      }
      viewer.classList.toggle("zoomed", scale > 1);
      button("in").disabled = scale >= most;
      button("out").disabled = button("whole").disabled = scale <= 1;
    };

    const zoom = (factor, x = 0.5, y = 0.5) => {
      const [atX, atY] = [left + x / scale, top + y / scale];
      scale = within(scale * factor, 1, most);
      left = atX - x / scale;
      top = atY - y / scale;
      show();
    };
    const whole = () => {
      scale = 1;
      show();
    };
    const move = (x, y) => {
      left += x / scale;
      top += y / scale;
      show();
    };
    const toMark = () =>
      toPart(["left", "top", "width", "height"].map((side) => parseFloat(mark.style[side])));
    const toPart = (percent) => {
      const [x, y, w, h] = percent.map((value) => value / 100);
      scale = Math.min(1 / w, 1 / h);
      left = x + w / 2 - 0.5 / scale;
      top = y + h / 2 - 0.5 / scale;
      show();
    };

    const actions = {
      in: () => zoom(1.6),
      out: () => zoom(1 / 1.6),
      whole,
      mark: toMark,
      full: () =>
        document.fullscreenElement ? document.exitFullscreen() : viewer.requestFullscreen(),
    };
    for (const [name, action] of Object.entries(actions)) {
      button(name)?.addEventListener("click", action);
    }
    for (const one of viewer.querySelectorAll("[data-box]")) {
      one.addEventListener("click", () => toPart(one.dataset.box.split(" ").map(Number)));
    }
    if (!document.fullscreenEnabled) button("full").hidden = true;
    viewer.querySelector("input[type=range]").addEventListener("input", (event) => {
      viewer.style.setProperty("--brightness", 2 ** Number(event.target.value));
    });

    const keys = {
      "+": () => zoom(1.6),
      "=": () => zoom(1.6),
      "-": () => zoom(1 / 1.6),
      0: whole,
      ArrowLeft: () => move(-0.15, 0),
      ArrowRight: () => move(0.15, 0),
      ArrowUp: () => move(0, -0.15),
      ArrowDown: () => move(0, 0.15),
    };

    for (const stage of stages) {
      const pointers = new Map();
      const place = (event) => {
        const box = stage.getBoundingClientRect();
        return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      };
      stage.addEventListener("pointerdown", (event) => {
        if (event.button > 0) return;
        stage.setPointerCapture(event.pointerId);
        pointers.set(event.pointerId, place(event));
      });
      stage.addEventListener("pointermove", (event) => {
        const now = place(event);
        where.textContent =
          `x ${((x0Nm + widthNm * (left + now[0] / scale)) / 1e3).toFixed(2)} µm, ` +
          `y ${((y0Nm + heightNm * (top + now[1] / scale)) / 1e3).toFixed(2)} µm`;
        const before = pointers.get(event.pointerId);
        if (!before) return;
        const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
        pointers.set(event.pointerId, now);
        if (!other) {
          move(before[0] - now[0], before[1] - now[1]);
          return;
        }
        const apart = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]);
        zoom(apart(now) / Math.max(apart(before), 1e-3), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      });
      for (const name of ["pointerup", "pointercancel"]) {
        stage.addEventListener(name, (event) => pointers.delete(event.pointerId));
      }
      stage.addEventListener("pointerleave", () => {
        where.textContent = where.dataset.hint;
      });
      stage.addEventListener("dblclick", (event) => zoom(2, ...place(event)));
      stage.addEventListener(
        "wheel",
        (event) => {
          // a page that is scrolled past must not get stuck in a picture
          if (document.activeElement !== stage && !event.ctrlKey && !event.metaKey) return;
          event.preventDefault();
          zoom(Math.exp(-0.0015 * event.deltaY), ...place(event));
        },
        { passive: false },
      );
      stage.addEventListener("keydown", (event) => {
        const action = keys[event.key];
        if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        action();
      });
    }
    where.textContent = where.dataset.hint;
    show();
    window.addEventListener("resize", show);
  };

  for (const viewer of document.querySelectorAll(".viewer")) setUp(viewer);

  for (const copy of document.querySelectorAll("[data-copies]")) {
    if (!navigator.clipboard) continue;
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(copy.dataset.copies).textContent);
      copy.textContent = "Copied";
    });
  }
  // figures that are folded away belong on paper too
  window.addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details:not(#repeat *)")) folded.open = true;
  });
  root.dataset.ready = "yes";
})();
