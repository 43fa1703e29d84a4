import { expect, it } from 'vitest'
import { matching } from './finding'

const named = (...names: string[]) => names.map((label, i) => ({ value: `${i}`, label }))
const labels = (typed: string, ...names: string[]) => matching(named(...names), typed).shown.map((c) => c.label)

it('finds by any part of the name, whatever its case and accents', () => {
  expect(labels('sao p', 'Curitiba 12', 'São Paulo 955fee', 'Ribeirao', 'Sao Paulo 2138cc')).toEqual(['São Paulo 955fee', 'Sao Paulo 2138cc'])
  expect(labels('955', 'Curitiba 12', 'São Paulo 955fee')).toEqual(['São Paulo 955fee'])
  expect(labels('旗舰', '海晴家电旗舰店', '海晴母婴')).toEqual(['海晴家电旗舰店'])
})

it('shows those first that begin with the words, else keeps the order', () => {
  expect(labels('ba', 'Taubate', 'Curitiba', 'Bauru')).toEqual(['Bauru', 'Taubate', 'Curitiba'])
  expect(labels('', 'b', 'a')).toEqual(['b', 'a'])
  expect(labels('x', 'b', 'a')).toEqual([])
})

it('tells how many more there are than it shows', () => {
  const many = named(...Array.from({ length: 3_000 }, (_, i) => `Shop ${i}`))
  expect(matching(many, '')).toMatchObject({ more: 2_950 })
  expect(matching(many, '').shown).toHaveLength(50)
  expect(matching(many, '2999')).toEqual({ shown: [{ value: '2999', label: 'Shop 2999' }], more: 0 })
})
