// Names and texts that try to be a script, or to turn the page around. 300 of them, made of shapes and triggers.
//
// Each calls `window.ran` if it ever runs.

const CALL = 'window.ran()'
const SHAPES: ((call: string) => string)[] = [
  (call) => `<script>${call}</script>`,
  (call) => `<img src=x onerror=${call}>`,
  (call) => `<svg onload=${call}>`,
  (call) => `<svg><script>${call}</script></svg>`,
  (call) => `<iframe srcdoc="<script>parent.${call}</script>">`,
  (call) => `<body onload=${call}>`,
  (call) => `<details open ontoggle=${call}>`,
  (call) => `<video><source onerror=${call}></video>`,
  (call) => `<input autofocus onfocus=${call}>`,
  (call) => `<math><mtext></form><form><mglyph><style></math><img src onerror=${call}>`,
  (call) => `<a href="javascript:${call}">press</a>`,
  (call) => `javascript:${call}`,
  (call) => `{{constructor.constructor('${call}')()}}`,
  (call) => `\${${call}}`,
  (call) => `"><img src=x onerror=${call}>`,
  (call) => `' autofocus onfocus='${call}`,
  (call) => `--><script>${call}</script>`,
  (call) => `]]><script>${call}</script>`,
  (call) => `</textarea><script>${call}</script>`,
  (call) => `</title><script>${call}</script>`,
  (call) => `<style>@import 'data:,*{x:expression(${call})}'</style>`,
  (call) => `<link rel=stylesheet href="data:,body{background:url(javascript:${call})}">`,
  (call) => `<meta http-equiv=refresh content="0;url=javascript:${call}">`,
  (call) => `<object data="javascript:${call}">`,
  (call) => `<embed src="javascript:${call}">`,
  (call) => `<form action="javascript:${call}"><button autofocus>x</button></form>`,
  (call) => `<template><script>${call}</script></template>`,
  (call) => `{ $name -> *[other] <b onclick=${call}> }`,
  (call) => `\u202e<img src=x onerror=${call}>`,
  (call) => `\ufeff<\u0000script>${call}</script>`,
]
const WAYS: ((shape: string) => string)[] = [
  (text) => text,
  (text) => text.toUpperCase().replace(/WINDOW\.RAN/g, 'window.ran'),
  (text) => text.replace(/</g, '&lt;'),
  (text) => text.replace(/</g, '\\u003c'),
  (text) => encodeURIComponent(text),
  (text) => `${text}${text}`,
  (text) => text.replace(/ /g, '/'),
  (text) => text.replace(/=/g, '\t=\n'),
  (text) => `x${'\u200b'}${text}`,
  (text) => text.replace(/onerror|onload/g, (word) => word.split('').join('\u200d')),
]

/** 300 payloads. */
export const PAYLOADS: readonly string[] = SHAPES.flatMap((shape) => WAYS.map((way) => way(shape(CALL))))
