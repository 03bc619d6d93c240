export {
  type DeclaredProfile,
  formatProfile,
  parseProfile,
  PROFILE_SCHEMA,
  type ProfileHeader,
  toCostGraph,
  toProfile,
} from './declared-profile.js';
export { BUILT_IN_PROFILES, loadProfile } from './load-profile.js';
