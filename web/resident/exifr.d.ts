// The build of exifr with JPEG only, whose types stand at its root.
declare module 'exifr/dist/mini.esm.mjs' {
  export function parse(photo: ArrayBuffer, options: object): Promise<Record<string, unknown> | undefined>
}
