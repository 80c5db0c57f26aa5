import { describe, expect, it } from 'vitest';
import { PlatformDigests } from '../../src/delivery/platform-digests.js';
import { SystemError, type TroubleKind } from '../../src/domain/failure.js';
import type { RegistryClient } from '../../src/systems/registry/client.js';

const IMAGE = { name: 'registry.example.com/shop/api', digest: `sha256:${'1'.repeat(64)}` };
const PLATFORM = `sha256:${'2'.repeat(64)}`;
const NEVER = new AbortController().signal;

type Answer = Awaited<ReturnType<RegistryClient['platformDigests']>>;

function registry(answer: () => Answer) {
  const asked: string[] = [];
  return {
    asked,
    platformDigests: async (reference: string) => {
      asked.push(reference);
      return answer();
    },
  };
}

function trouble(kind: TroubleKind): SystemError {
  return new SystemError({
    ...{ system: 'registry', operation: 'list platforms', object: IMAGE.name, kind },
    ...{ message: 'said so', remedy: 'Do this.' },
  });
}

describe('PlatformDigests', () => {
  it('adds the digests of the platforms of an index, and asks once', async () => {
    const source = registry(() => [{ digest: PLATFORM, platform: 'linux/amd64' }]);
    const platforms = new PlatformDigests(source);
    expect(await platforms.of([IMAGE], NEVER)).toEqual([{ ...IMAGE, platforms: [PLATFORM] }]);
    expect(await platforms.of([IMAGE], NEVER)).toEqual([{ ...IMAGE, platforms: [PLATFORM] }]);
    expect(source.asked).toEqual([`${IMAGE.name}@${IMAGE.digest}`]);
  });

  it('leaves an image of one platform as it is', async () => {
    const platforms = new PlatformDigests(registry(() => [{ digest: IMAGE.digest }]));
    expect(await platforms.of([IMAGE], NEVER)).toEqual([IMAGE]);
  });

  it('leaves it as it is without a registry, and where the registry does not have it or may not be asked', async () => {
    expect(await new PlatformDigests(undefined).of([IMAGE], NEVER)).toEqual([IMAGE]);
    expect(await new PlatformDigests(registry(() => null)).of([IMAGE], NEVER)).toEqual([IMAGE]);
    for (const kind of ['invalid', 'forbidden', 'unauthenticated'] as const) {
      const refusing = registry(() => {
        throw trouble(kind);
      });
      expect(await new PlatformDigests(refusing).of([IMAGE], NEVER)).toEqual([IMAGE]);
    }
  });

  it('passes trouble on that passes by itself, and asks again', async () => {
    let broken = true;
    const platforms = new PlatformDigests(
      registry(() => {
        if (broken) throw trouble('unavailable');
        return [{ digest: PLATFORM }];
      }),
    );
    await expect(platforms.of([IMAGE], NEVER)).rejects.toThrow(SystemError);
    broken = false;
    expect(await platforms.of([IMAGE], NEVER)).toEqual([{ ...IMAGE, platforms: [PLATFORM] }]);
  });
});
