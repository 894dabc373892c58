// Sizes and names of files in words.

/** `3.4 MB`. */
export function size(bytes: number, language: string): string {
  const unit = bytes < 1_000_000 ? 'kilobyte' : 'megabyte'
  const number = bytes / (unit === 'kilobyte' ? 1_000 : 1_000_000)
  return new Intl.NumberFormat(language, { style: 'unit', unit, maximumFractionDigits: number < 10 ? 1 : 0 }).format(number)
}

/** A file's name as it can be shown: without signs that turn the direction of writing around, and not endless. */
export function plainName(name: string): string {
  const plain = name.replace(/[\u0000-\u001f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
  return plain.length > 60 ? `${plain.slice(0, 40)}…${plain.slice(-15)}` : plain
}
