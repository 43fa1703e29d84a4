import { boot } from '../shell/boot'
import { Portal } from './Portal'

void boot('portal', '/', <Portal />)

if ('serviceWorker' in navigator && import.meta.env.PROD)
  addEventListener('load', () => {
    // Without it the portal works too; it only does not open offline.
    navigator.serviceWorker.register('/sw.js').catch(() => undefined)
  })
