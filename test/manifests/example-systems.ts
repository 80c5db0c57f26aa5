/** Systems that the examples of docs/files.md need. */
import type { Installation } from '../../src/config/installation.js';

export type Systems = Installation['systems'];

const file = '/run/gatehouse/secret';
export const systems: Systems = {
  otterize: { url: 'https://otterize.example.com', tokenFile: file },
  directory: { url: 'https://directory.example.com', login: { kind: 'azure-cli' } },
  gitlab: { url: 'https://gitlab.example.com', tokenFile: file },
  kubernetes: {
    connections: ['management', 'harbour-01', 'harbour-02'].map((name) => ({
      name,
      server: `https://${name}.example.com`,
      tokenFile: file,
    })),
  },
  registry: { hosts: [{ host: 'registry.example.com' }] },
  harbor: { url: 'https://registry.example.com', usernameFile: file, passwordFile: file },
  servicenow: { url: 'https://changes.example.com', usernameFile: file, passwordFile: file },
  checks: { hosts: ['https://shop.example.com'], prometheus: { url: 'https://prometheus.example.com' } },
};
