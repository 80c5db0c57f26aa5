import type { MergeRequest } from './state.js';

const COMMAND = /^[^\S\r\n]*\/(close|draft)[^\S\r\n]*$/gm;

/**
 * Lines of a description or note that GitLab carries out with the rights of the writer, as far as tests need them.
 * @returns the text without them, and what to do with the merge request
 */
export function quickActions(text: string): {
  readonly text: string;
  readonly apply: ((request: MergeRequest, sha: string) => void) | null;
} {
  const commands = [...text.matchAll(COMMAND)].map((match) => match[1]);
  if (commands.length === 0) return { text, apply: null };
  return {
    text: text.replaceAll(COMMAND, '').trim(),
    apply: (request, sha) => {
      if (commands.includes('draft')) request.title = `Draft: ${request.title}`;
      if (commands.includes('close') && request.state === 'opened') {
        request.state = 'closed';
        request.sha = sha;
      }
    },
  };
}
