// On the upload form: a file may be dropped anywhere on the form.
"use strict";

(() => {
  const input = document.querySelector("input[type=file][data-drop]");
  const form = input?.form;
  if (!form) return;

  form.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.dataset.dropping = "";
  });
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) delete form.dataset.dropping;
  });
  form.addEventListener("drop", (event) => {
    delete form.dataset.dropping;
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    input.files = event.dataTransfer.files;
    input.focus();
  });
})();
