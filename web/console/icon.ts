// The page's icon with the count of what waits: seen when the console lies behind other windows.

/** Side of the drawn icon in px; browsers scale it. */
const SIDE = 64

/** Draws the icon: empty for nothing, a filled diamond when something of priority 1 waits, else a filled circle. */
export function icon(count: number, first: boolean): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = SIDE
  const context = canvas.getContext('2d')
  if (!link || !context) return
  context.translate(SIDE / 2, SIDE / 2)
  context.beginPath()
  if (first) [[0, -31], [31, 0], [0, 31], [-31, 0]].forEach(([x = 0, y = 0]) => context.lineTo(x, y))
  else context.arc(0, 0, 28, 0, 2 * Math.PI)
  context.closePath()
  context.fillStyle = first ? '#b94f00' : '#00609c'
  context.strokeStyle = '#7c8896'
  context.lineWidth = 6
  if (count > 0) context.fill()
  else context.stroke()
  if (count > 0) {
    context.fillStyle = '#ffffff'
    context.font = 'bold 36px system-ui'
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillText(count > 99 ? '99' : String(count), 0, 3)
  }
  link.href = canvas.toDataURL()
  link.dataset['count'] = String(count)
}
