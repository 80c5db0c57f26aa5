/** Shells that `gatehouse completion` knows. */
export const SHELL_NAMES = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELL_NAMES)[number];
