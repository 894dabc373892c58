// Development only, never built: the console over a made-up gateway inside the page.
import './gateway.ts'
import '../console/main.ts'
