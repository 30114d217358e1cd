// Draws rows that are too thin for names, pixel by pixel: a canvas takes its time for tens of thousands of rectangles.
"use strict";

const Dense = (() => {
  const canvas = document.createElement("canvas");
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  let image = null;

  // A colour such as #5b8fc7 as a pixel has it: alpha, blue, green, red.
  function pixelOf(color) {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }

  // An empty picture of a size, px.
  function cleared(width, height) {
    if (image?.width === width && image.height === height) image.data.fill(0);
    else {
      [canvas.width, canvas.height] = [width, height];
      image = ctx.createImageData(width, height);
    }
    return new Uint32Array(image.data.buffer);
  }

  // Draw the rows from `first` to before `last`; `frame` and `theme` are Paint's.
  function rows({ ctx: chart, area, min, max, view }, theme, first, last, top) {
    const ratio = uPlot.pxRatio;
    const width = Math.round(area.width * ratio), height = Math.round((area.top + area.height - top) * ratio);
    if (width < 1 || height < 1) return;
    const pixels = cleared(width, height);
    const colors = Model.outcomes.map((outcome) => theme[outcome].slice(0, 2).map(pixelOf));
    const [dim, critical] = [pixelOf(theme.stripe), pixelOf(theme.critical)];
    const scale = width / (max - min), gap = view.rowHeight * ratio >= 4 ? 1 : 0;
    const at = (seconds) => Math.round((seconds - min) * scale);
    const { bars, start, end, isBad, isCritical } = Model;

    function line(offset, bar, color, least) {
      const left = at(start[bar]), right = at(end[bar]);
      const to = Math.min(width, Math.max(left + least, right - (right - left > 3 ? 1 : 0)));
      for (let x = Math.max(0, left); x < to; x++) pixels[offset + x] = color;
    }

    for (let number = first; number < last; number++) {
      const y = (row) => Math.round((row * view.rowHeight - view.scroll) * ratio);
      const from = Math.max(0, y(number)), to = Math.min(height, Math.max(from + 1, y(number + 1) - gap));
      if (from >= height) break;
      const own = view.rows[number], offset = from * width, later = [];
      for (let index = Model.firstAfter(own, min); index < own.bars.length; index++) {
        const bar = own.bars[index];
        if (start[bar] > max) break;
        if (view.found !== null && !view.found[bar]) line(offset, bar, dim, 1);
        else if (isBad[bar] || isCritical[bar] || view.found !== null) later.push(bar);
        else line(offset, bar, colors[bars.outcome[bar]][bars.task[bar] % 2], 1);
      }
      for (const bar of later) line(offset, bar, colors[bars.outcome[bar]][bars.task[bar] % 2], isBad[bar] ? 3 : 1);
      for (let below = from + 1; below < to; below++) pixels.copyWithin(below * width, offset, offset + width);
      for (const bar of later) if (isCritical[bar]) line((to - 1) * width, bar, critical, 1);
    }
    ctx.putImageData(image, 0, 0);
    chart.imageSmoothingEnabled = false;
    chart.drawImage(canvas, area.left, top, width / ratio, height / ratio);
  }

  return { rows };
})();
