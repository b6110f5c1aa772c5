// A figure stands on the page once; the link to keep it gets its content from there.
for (const link of document.querySelectorAll("a.bewaar[hidden]")) {
  link.href = link.closest("figure").querySelector("img").src;
  link.hidden = false;
}
// A drawing that is wider than the screen slides, by keyboard too.
for (const box of document.querySelectorAll(".beeld")) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}
