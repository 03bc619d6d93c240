export { type DeclaredDevice, openDeclaredDevice } from './declared-device.js';
export {
  type DeclaredProfile,
  formatProfile,
  parseProfile,
  PROFILE_SCHEMA,
  type ProfileHeader,
} from './declared-profile.js';
export { DeclaredSession } from './declared-session.js';
export { BUILT_IN_PROFILES, loadProfile } from './load-profile.js';
