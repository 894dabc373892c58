// Sets the remembered theme before the first paint of a staff page. A plain blocking script, because inline scripts are forbidden;
// the number in its name changes with its content, because assets are kept for a year.
try {
  const theme = localStorage.getItem('callbox-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  if (theme === 'more') document.documentElement.dataset.contrast = theme
} catch {
  // Storage is switched off: the system's theme it is.
}
