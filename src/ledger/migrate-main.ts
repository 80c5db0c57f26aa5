/**
 * Makes the roles of the ledger and brings its schema up to date, and ends: a job before the first start and before each
 * new version. Run it as often as you like.
 */
import { setting } from '../config/settings.js';
import { migrate } from './migrate.js';
import { readRolePasswords } from './role-passwords.js';
import { roleUrl, setUpRoles } from './roles.js';

const adminUrl = setting('DATABASE_URL');
const passwords = readRolePasswords(setting('GATEHOUSE_ROLE_PASSWORDS'));
await setUpRoles(adminUrl, passwords);
const ran = await migrate(roleUrl(adminUrl, 'owner', passwords));
console.log(`Ledger: ${ran.length === 0 ? 'up to date' : `ran ${ran.join(', ')}`}`);
