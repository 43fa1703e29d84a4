import type { TextFiles } from '../i18n'
import { boot } from '../shell/boot'
import { AntTheme, StaffGate } from '../staff/Staff'
import { Desk } from './Desk'

const facts: TextFiles = import.meta.glob<{ default: Record<string, unknown> }>('../locales/*/facts.json')

void boot('desk', '/desk', <AntTheme><StaffGate>{(session) => <Desk session={session} />}</StaffGate></AntTheme>, ['facts'], facts)
