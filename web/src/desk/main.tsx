import { boot } from '../shell/boot'
import { AntTheme, StaffGate } from '../staff/Staff'
import { Desk } from './Desk'

void boot('desk', '/desk', <AntTheme><StaffGate>{(session) => <Desk session={session} />}</StaffGate></AntTheme>)
