import { expect, it } from 'vitest'
import { deviceOf } from './device'

it('tells browser and system of a device', () => {
  expect(deviceOf('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36')).toEqual({ browser: 'Chrome', system: 'Linux' })
  expect(deviceOf('Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0')).toEqual({ browser: 'Edge', system: 'Windows' })
  expect(deviceOf('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1')).toEqual({ browser: 'Safari', system: 'iOS' })
  expect(deviceOf('curl/7.88.1')).toEqual({ browser: 'curl', system: null })
  expect(deviceOf(null)).toBeNull()
})
