// Shows the OpenAPI document with the bundled Swagger UI or Redoc; nothing is fetched from outside.
(() => {
  "use strict";

  const here = document.getElementById("api");
  const { document: url, face } = here.dataset;
  if (face === "swagger") {
    window.SwaggerUIBundle({ url, domNode: here, deepLinking: true, validatorUrl: null });
  } else {
    const nonce = document.currentScript.nonce;
    window.Redoc.init(url, { nonce, disableSearch: true, nativeScrollbars: true }, here);
  }
})();
