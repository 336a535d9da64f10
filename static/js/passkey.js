// Says on the page why a passkey did not work; allauth's script, which asks the browser for it, only logs it.
"use strict";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const place = document.querySelector("[data-passkey-error]");
  const isAddress = !window.PublicKeyCredential || event.detail.exception?.name === "SecurityError";
  place.textContent = isAddress ? place.dataset.textAddress : place.dataset.textRefused;
  place.hidden = false;
});
