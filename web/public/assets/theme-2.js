// Sets the remembered theme before the first paint of a staff page. A plain blocking script, because inline scripts are forbidden;
// the number in its name changes with its content, because assets are kept for a year.
try {
  const theme = localStorage.getItem('callbox-theme')
  const { dataset } = document.documentElement
  if (theme === 'contrast') dataset.contrast = 'more'
  else if (theme === 'light' || theme === 'dark') Object.assign(dataset, { theme, contrast: 'normal' })
} catch {
  // Storage is switched off: the system's theme it is.
}
