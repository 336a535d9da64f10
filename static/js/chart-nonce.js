/* Bokeh draws in shadow roots and creates style elements there. The page's policy allows a style element only with
   its nonce, so each one created gets it. Load this before bokeh.min.js. */
"use strict";

(() => {
  const meta = document.querySelector('meta[name="style-nonce"]');
  const nonce = meta && (meta.nonce || meta.content);
  if (!nonce) return;
  const create = Document.prototype.createElement;
  Document.prototype.createElement = function (name, options) {
    const element = create.call(this, name, options);
    if (String(name).toLowerCase() === "style") element.nonce = nonce;
    return element;
  };
})();
