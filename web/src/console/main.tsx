import { boot } from '../shell/boot'
import { AntTheme, StaffGate } from '../staff/Staff'
import { Console } from './Console'

void boot('console', '/console', <AntTheme><StaffGate>{(session) => <Console session={session} />}</StaffGate></AntTheme>)
