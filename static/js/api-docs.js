// Shows the OpenAPI document with the bundled Swagger UI or Redoc; nothing is fetched from outside.
(() => {
  "use strict";

  const here = document.getElementById("api");
  const { document: url, face, servers } = here.dataset;

  // Redoc shows its maker's mark from its maker's host, which the content policy refuses.
  const isOutside = (value) => {
    const { origin, protocol } = new URL(value, location.href);
    return protocol !== "data:" && origin !== location.origin;
  };
  const image = HTMLImageElement.prototype;
  const { setAttribute } = image;
  const src = Object.getOwnPropertyDescriptor(image, "src");
  image.setAttribute = function set(name, value) {
    if (name !== "src" || !isOutside(value)) setAttribute.call(this, name, value);
  };
  Object.defineProperty(image, "src", {
    ...src,
    set(value) {
      if (!isOutside(value)) src.set.call(this, value);
    },
  });

  if (face === "swagger") {
    // With deep links each operation would be a link inside a button.
    const named = () => document.getElementById("servers")?.setAttribute("aria-label", servers);
    window.SwaggerUIBundle({ url, domNode: here, deepLinking: false, validatorUrl: null, onComplete: named });
  } else {
    const nonce = document.currentScript.nonce;
    window.Redoc.init(url, { nonce, disableSearch: true, nativeScrollbars: true }, here);
  }
})();
