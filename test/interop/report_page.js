// What report.ts asks of a page, inside the browser.

/* global document, window, getComputedStyle */
globalThis.look = {
  layout() {
    const pen = document.createElement('canvas').getContext('2d');
    pen.fillStyle = getComputedStyle(document.body).backgroundColor;
    pen.fillRect(0, 0, 1, 1);
    const all = [...document.querySelectorAll('body *:not(.hidden, .map a *)')];
    const maps = [...document.querySelectorAll('.map')];
    return {
      overflow: document.documentElement.scrollWidth - window.innerWidth,
      brightness: pen.getImageData(0, 0, 1, 1).data[0],
      maps: maps.filter((map) => map.getBoundingClientRect().height > 0).length,
      outside: all
        .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1)
        .map((element) => element.outerHTML.slice(0, 100)),
      foreign: document.querySelectorAll('script:not([type="application/json"]), img, iframe, object').length,
    };
  },

  stops() {
    window.scrollTo(0, 0);
    const all = [...document.querySelectorAll('a[href], summary, [tabindex]')];
    return all.filter((element) => element.getClientRects().length > 0).length;
  },

  focus() {
    const element = document.activeElement;
    if (element === null || element === document.body) return undefined;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { top, bottom } = element.getBoundingClientRect();
    return {
      outline: `${outlineStyle} ${outlineWidth}`,
      inView: bottom > 0 && top < window.innerHeight,
      place: [...document.querySelectorAll('*')].indexOf(element),
      html: element.outerHTML.slice(0, 100),
    };
  },

  names: () => [...new Set([...document.querySelectorAll('*')].map(({ localName }) => localName))],
};
