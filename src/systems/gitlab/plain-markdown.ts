/**
 * Text that GitLab shows and does not obey. A line that begins with a slash and a word is a quick action: `/merge`,
 * `/approve` or `/close` in a description or note is carried out with the rights of its writer. A backslash before the
 * slash is not shown.
 */
export function withoutQuickActions(text: string): string {
  return text.replaceAll(/^([^\S\r\n]*)\//gm, '$1\\/');
}
