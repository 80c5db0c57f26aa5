import type { OidcAccount } from './accounts.js';

function escaped(text: string): string {
  const signs: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (sign) => signs[sign] ?? sign);
}

const STYLE = `
:root { color-scheme: light dark; --ink: #14213d; --paper: #f5f2ea; --card: #fffdf8; --line: #d9d2c2; --accent: #1f5f5b; --warn: #9b2226; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece7da; --paper: #12181f; --card: #1b232c; --line: #35404b; --accent: #7fc8bd; --warn: #ff9b8f; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem 1rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(30rem, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 2rem; box-shadow: 0 1.5rem 3rem -2rem rgb(0 0 0 / 35%); }
h1 { margin: 0; font: 600 1.6rem/1.2 Georgia, serif; }
p { margin: .4rem 0 1.4rem; opacity: .8; }
label { display: block; font-weight: 600; margin-bottom: .35rem; }
input { width: 100%; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 8px; padding: .65rem .8rem; }
input:focus-visible, button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.go { width: 100%; margin-top: 1rem; font: 600 1rem/1 inherit; padding: .85rem; border: 0; border-radius: 8px; background: var(--accent); color: var(--card); cursor: pointer; }
.error { color: var(--warn); font-weight: 600; opacity: 1; margin: 0 0 1rem; }
h2 { font-size: .85rem; letter-spacing: .06em; text-transform: uppercase; opacity: .65; margin: 2rem 0 .6rem; }
ul { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); max-height: 17rem; overflow: auto; }
li button { display: flex; justify-content: space-between; gap: 1rem; width: 100%; text-align: left; font: inherit; color: inherit; background: none; border: 0; border-bottom: 1px solid var(--line); padding: .55rem .2rem; cursor: pointer; }
li button:hover { background: color-mix(in srgb, var(--accent) 12%, transparent); }
li small { opacity: .65; text-align: right; }
`;

/** The page where people of the example world say who they are. There are no passwords: it guards nothing real. */
export function loginPage(input: {
  readonly uid: string;
  readonly accounts: readonly OidcAccount[];
  readonly fresh: boolean;
  /** name that was typed and is not known */
  readonly unknown?: string;
}): string {
  const people = input.accounts
    .filter((account) => account.enabled)
    .map(
      (account) =>
        `<li><button name="login" value="${escaped(account.login)}" formnovalidate><span>${escaped(account.displayName)}</span><small>${escaped(account.groupNames.join(', ') || 'no group')}</small></button></li>`,
    )
    .join('');
  const error =
    input.unknown === undefined
      ? ''
      : `<p class="error" role="alert">Nobody here is called ${escaped(input.unknown)}.</p>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Example Company</title>
<style>${STYLE}</style>
<main>
<h1>Example Company</h1>
<p>${input.fresh ? 'Please prove again who you are.' : 'Sign in to go on.'}</p>
${error}<form method="post" action="/login/${escaped(input.uid)}">
<label for="login">User name</label>
<input id="login" name="login" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus placeholder="ada">
<button class="go" id="sign-in">Sign in</button>
</form>
<form method="post" action="/login/${escaped(input.uid)}">
<h2>Example people</h2>
<ul>${people}</ul>
</form>
</main>
</html>
`;
}
