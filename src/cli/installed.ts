/** The installation that GATEHOUSE_INSTALLATION names, with its files from Git. */
import { type Installation, readInstallation } from '../config/installation.js';
import { setting } from '../config/settings.js';
import { type InstalledFiles, readInstalledFiles } from '../manifests/installed-files.js';

export interface Installed {
  readonly installation: Installation;
  readonly files: InstalledFiles;
}

/** @throws SettingError, InstallationError, ManifestError */
export function readInstalled(env: NodeJS.ProcessEnv): Installed {
  const installation = readInstallation(setting('GATEHOUSE_INSTALLATION', env));
  return { installation, files: readInstalledFiles(installation) };
}
