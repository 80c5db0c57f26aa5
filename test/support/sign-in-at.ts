/**
 * A browser as far as signing in at the example provider needs one: follows redirects, keeps cookies, sends forms.
 * @param address where the person signs in
 * @param login their name there
 * @param code what they type, where the page asks for one
 */
export async function signInAt(address: string, login: string, code = ''): Promise<void> {
  const cookies = new Map<string, string>();
  let [url, form] = [new URL(address), undefined as URLSearchParams | undefined];
  for (let step = 0; step < 16; step += 1) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    const page = await response.text();
    form =
      location === null ? formIn(page, { login, ...(code === '' ? {} : { user_code: code }) }) : undefined;
    if (location !== null) url = new URL(location, url);
    else if (form === undefined) return;
    else url = new URL(/<form[^>]* action="([^"]+)"/.exec(page)?.[1] ?? url.href, url);
  }
  throw new Error('the sign-in does not end');
}

/** @returns the fields of the form of a page, filled in; undefined where it has none */
function formIn(page: string, filled: Readonly<Record<string, string>>): URLSearchParams | undefined {
  if (!page.includes('<form')) return undefined;
  const form = new URLSearchParams();
  for (const [field] of page.matchAll(/<(?:input|button)\b[^>]*>/g)) {
    const attribute = (name: string): string | undefined =>
      new RegExp(`\\b${name}="([^"]*)"`).exec(field)?.[1];
    const name = attribute('name');
    if (name !== undefined && name !== 'abort') form.set(name, filled[name] ?? attribute('value') ?? '');
  }
  return form;
}
