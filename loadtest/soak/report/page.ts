/** The frame of a page that stands for itself: it loads nothing, runs nothing, and says so to the browser. */
import { Html, html } from "./html.ts";
import { pageStyle } from "./page-style.ts";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function renderPage(title: string, body: Html): string {
  return `${
    html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta name="color-scheme" content="light dark">
<title>${title}</title><style>${new Html(pageStyle)}</style></head>
<body>${body}</body></html>`.text
  }\n`;
}
