import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react'

const BEYOND = 6

/** Which rows of one height are near the screen, and a way to bring one there. */
export function useWindowed(scroller: RefObject<HTMLElement | null>, height: number) {
  const [seen, setSeen] = useState({ from: 0, to: 20 })
  useEffect(() => {
    const node = scroller.current
    if (!node) return
    const measure = () => {
      const from = Math.max(0, Math.floor(node.scrollTop / height) - BEYOND)
      const to = Math.ceil((node.scrollTop + node.clientHeight) / height) + BEYOND
      setSeen((was) => (was.from === from && was.to === to ? was : { from, to }))
    }
    measure()
    node.addEventListener('scroll', measure, { passive: true })
    const watch = new ResizeObserver(measure)
    watch.observe(node)
    return () => {
      node.removeEventListener('scroll', measure)
      watch.disconnect()
    }
  }, [height])
  const show = (index: number) => {
    const node = scroller.current
    if (!node || index < 0) return
    const top = index * height
    if (top < node.scrollTop) node.scrollTop = top
    else if (top + height > node.scrollTop + node.clientHeight) node.scrollTop = top + height - node.clientHeight
  }
  return { ...seen, show }
}

/** What comes in above does not move what is being read. */
export function useSteady(scroller: RefObject<HTMLElement | null>, ids: readonly string[], height: number) {
  const before = useRef(ids)
  useLayoutEffect(() => {
    const node = scroller.current
    const was = before.current
    before.current = ids
    if (!node || node.scrollTop < height || was === ids) return
    const first = was[Math.floor(node.scrollTop / height)]
    const at = first === undefined ? -1 : ids.indexOf(first)
    const moved = at < 0 ? 0 : at - Math.floor(node.scrollTop / height)
    if (moved) node.scrollTop += moved * height
  }, [ids])
}
