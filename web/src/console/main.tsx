import { boot } from '../shell/boot'
import { AntTheme, StaffGate } from '../staff/Staff'
import { Console } from './Console'
import './parts.css'
import { SetPassword } from './SetPassword'
import { partTexts } from './texts'

const settingPassword = location.pathname.replace(/\/$/, '') === '/console/password'

void boot('console', '/console', <AntTheme>{settingPassword ? <SetPassword /> : <StaffGate>{(session) => <Console session={session} />}</StaffGate>}</AntTheme>, [], partTexts)
