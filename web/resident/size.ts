// Sizes of files in words.

/** `3.4 MB`. */
export function size(bytes: number, language: string): string {
  const unit = bytes < 1_000_000 ? 'kilobyte' : 'megabyte'
  const number = bytes / (unit === 'kilobyte' ? 1_000 : 1_000_000)
  return new Intl.NumberFormat(language, { style: 'unit', unit, maximumFractionDigits: number < 10 ? 1 : 0 }).format(number)
}
