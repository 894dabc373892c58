// Development only, never built: the supervisor over a made-up gateway inside the page.
import './gateway.ts'
import '../supervisor/main.ts'
