// The image tool beside the real qemu-img: same words, same JSON, same statuses, same disks. Reference: qemu-img(1).

import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { IMAGE_FORMATS } from '../../../../src-main/engine/block/index.ts';
import { imgOutput, runImg, typedImg } from '../../../support/img-command.ts';
import { hasQemuImg, qemuImg, qemuImgStatus, qemuIo, qemuReason } from '../../../support/qemu-img.ts';
import { temporaryFolderForFile } from '../../../support/temporary-folder.ts';

const MIB = 1024 * 1024;
const folder = temporaryFolderForFile();
const at = (name: string) => join(folder, name);
const has = (format: string) =>
  IMAGE_FORMATS.some(({ name, create }) => name === format && create !== undefined);

/** 8 MiB: random, zero, a single byte late in a zero cluster, text that packs well. */
function sampleDisk(): Uint8Array {
  const disk = new Uint8Array(8 * MIB);
  disk.set(randomBytes(2 * MIB));
  disk[3 * MIB + 12345] = 1;
  disk.fill(0x41, 5 * MIB, 6 * MIB);
  disk.set(randomBytes(1000), disk.length - 1000);
  return disk;
}

const same = (a: string, b: string, ...options: string[]) =>
  expect(qemuImgStatus('compare', ...options, a, b), `${a} ${b}`).toEqual({
    status: 0,
    output: 'Images are identical.\n',
  });

/** What both programs print; paths are the same, sizes on the disk are not promised. */
const withoutDiskSize = (text: string) => text.replace(/^(disk size: |\s+"actual-size": ).*\n/gm, '');

describe.skipIf(!hasQemuImg)(qemuReason('the image tool and qemu-img'), () => {
  beforeAll(() => {
    writeFileSync(at('disk.raw'), sampleDisk());
    qemuImg('convert', '-O', 'qcow2', at('disk.raw'), at('plain.qcow2'));
    qemuImg('convert', '-c', '-O', 'qcow2', at('disk.raw'), at('packed.qcow2'));
    qemuImg('convert', '-S', '0', '-O', 'qcow2', at('disk.raw'), at('full.qcow2'));
    copyFileSync(at('plain.qcow2'), at('snapped.qcow2'));
    qemuImg('snapshot', '-c', 'before', at('snapped.qcow2'));
    qemuIo(at('snapped.qcow2'), 'write -P 3 0 1M');
    qemuImg('create', '-q', '-f', 'qcow2', '-b', at('disk.raw'), '-F', 'raw', at('top.qcow2'));
    qemuIo(at('top.qcow2'), 'write -P 7 1M 100k', 'write -z 64k 640k', 'discard 5M 128k');
    const small = ['-b', at('disk.raw'), '-F', 'raw', '-o', 'cluster_size=4k'];
    qemuImg('create', '-q', '-f', 'qcow2', ...small, at('over.qcow2'), '10M');
    qemuIo(at('over.qcow2'), 'write -P 7 1M 100k', 'write -z 64k 128k', 'write -P 1 9M 4k');
  });

  describe('lines as people type them', () => {
    it('create with preallocated metadata', () => {
      expect(typedImg(folder, 'create -f qcow2 -o preallocation=metadata windows.img 3G')).toMatchObject({
        status: 0,
        stderr: '',
      });
      expect(qemuImgStatus('check', at('windows.img'))).toMatchObject({
        status: 0,
        output: expect.stringContaining('49152/49152 = 100.00% allocated'),
      });
    });

    it.skipIf(!has('vmdk'))('convert a VMDK image to qcow, and put an overlay over it', () => {
      qemuImg('convert', '-O', 'vmdk', at('disk.raw'), at('win2kpro.vmdk'));
      expect(typedImg(folder, 'convert win2kpro.vmdk -O qcow win2kpro.img')).toMatchObject({
        status: 0,
        stderr: '',
      });
      same(at('disk.raw'), at('win2kpro.img'));
      expect(typedImg(folder, 'create -b win2kpro.img -F qcow -f qcow win2kpro.ovl')).toMatchObject({
        status: 0,
        stderr: '',
      });
      same(at('disk.raw'), at('win2kpro.ovl'));
    });

    it.each([
      'create -f qcow2 said 1.5G',
      'create -f qcow2 -o preallocation=off,cluster_size=2M,refcount_bits=8,compat=v3 said 1000000',
      'create -f qcow2 -b disk.raw -F raw -o lazy_refcounts=on said',
      'create -f qcow -b disk.raw -F raw said',
      'create -f vdi said 1G',
      'create -f vmdk -o subformat=streamOptimized,adapter_type=lsilogic said 1G',
      'create -f vpc -o force_size=on,subformat=fixed said 8M',
      'create -f vhdx -o block_size=1M said 8M',
      'create -o preallocation=full said 1025',
    ])('%s says what it makes like qemu-img', async (line) => {
      const words = line.split(' ').map((word) => (['said', 'disk.raw'].includes(word) ? at(word) : word));
      expect(await imgOutput(...words)).toBe(qemuImg(...words));
    });

    it('takes a raw file that ends within a sector for whole ones', async () => {
      writeFileSync(at('three.raw'), 'abc');
      qemuImg('convert', '-O', 'qcow2', at('three.raw'), at('three.qcow2'));
      const answer = await runImg('compare', at('three.raw'), at('three.qcow2'));
      expect(answer).toEqual({ status: 0, stdout: 'Images are identical.\n', stderr: '' });
      expect(await imgOutput('info', at('three.raw'))).toContain('virtual size: 512 B (512 bytes)\n');
    });

    it('convert with progress and compression', () => {
      const { status, stdout } = typedImg(folder, 'convert -p -c -O qcow2 disk.raw typed.qcow2');
      expect({ status, start: stdout.slice(0, 19), end: stdout.slice(-21) }).toEqual({
        status: 0,
        start: '    (0.00/100%)\r   ',
        end: expect.stringContaining('(100.00/100%)\r\n'),
      });
      same(at('disk.raw'), at('typed.qcow2'));
      expect(statSync(at('typed.qcow2')).size).toBeLessThan(3 * MIB);
      expect(qemuImgStatus('check', at('typed.qcow2')).status).toBe(0);
    });
  });

  describe('convert', () => {
    const targets = [
      ['raw'],
      ['qcow2'],
      ['qcow2', 'compat=0.10'],
      ['qcow2', 'cluster_size=512'],
      ['qcow2', 'cluster_size=2M'],
      ['qcow2', 'extended_l2=on'],
      ['qcow2', 'preallocation=metadata'],
      ['qcow2', 'preallocation=falloc'],
      ['qcow2', 'preallocation=full'],
      ['qcow2', 'lazy_refcounts=on,refcount_bits=64'],
      ['qcow'],
      ['vdi'],
      ['vdi', 'static=on'],
      ['vpc', 'force_size=on'],
      ['vpc', 'subformat=fixed,force_size=on'],
      ['vhdx'],
      ['vhdx', 'subformat=fixed'],
      ['vmdk'],
      ['vmdk', 'subformat=monolithicFlat'],
      ['vmdk', 'subformat=twoGbMaxExtentSparse'],
      ['vmdk', 'subformat=streamOptimized'],
    ].filter(([format = '']) => has(format));

    it.each(targets)(
      'writes %s %s as qemu-img reads it, and reads what qemu-img writes',
      async (format = '', options) => {
        const choice = options === undefined ? [] : ['-o', options];
        const name = `${format}-${options ?? 'plain'}`.replace(/[^\w-]/g, '_');
        const packed = options === 'subformat=streamOptimized' ? ['-c'] : [];
        await imgOutput('convert', ...packed, '-O', format, ...choice, at('disk.raw'), at(`ours-${name}`));
        same(at('disk.raw'), at(`ours-${name}`), '-f', 'raw', '-F', format);
        qemuImg('convert', '-O', format, ...choice, at('disk.raw'), at(`theirs-${name}`));
        expect(
          await runImg('compare', '-f', 'raw', '-F', format, at('disk.raw'), at(`theirs-${name}`)),
        ).toMatchObject({ status: 0, stdout: 'Images are identical.\n' });
        if (['qcow2', 'vdi', 'vhdx', 'vmdk'].includes(format) && !/[Ff]lat/.test(options ?? ''))
          expect(qemuImgStatus('check', '-f', format, at(`ours-${name}`)).status).toBe(0);
      },
    );

    it('puts several sources one behind the other, filled up to sectors', async () => {
      writeFileSync(at('odd.raw'), randomBytes(1000));
      await imgOutput(
        'convert',
        '-O',
        'qcow2',
        at('odd.raw'),
        at('disk.raw'),
        at('odd.raw'),
        at('joined.qcow2'),
      );
      qemuImg(
        'convert',
        '-f',
        'raw',
        '-O',
        'qcow2',
        at('odd.raw'),
        at('disk.raw'),
        at('odd.raw'),
        at('joined-theirs.qcow2'),
      );
      same(at('joined.qcow2'), at('joined-theirs.qcow2'), '-s');
    });

    it('writes into a target that is there (-n), zeroes over what it held', async () => {
      writeFileSync(at('there.raw'), randomBytes(8 * MIB));
      await imgOutput('convert', '-n', '-O', 'raw', at('disk.raw'), at('there.raw'));
      same(at('disk.raw'), at('there.raw'));
      qemuImg('create', '-q', '-f', 'qcow2', at('there.qcow2'), '8M');
      qemuIo(at('there.qcow2'), 'write -P 9 0 8M');
      await imgOutput('convert', '-n', '-O', 'qcow2', at('disk.raw'), at('there.qcow2'));
      same(at('disk.raw'), at('there.qcow2'));
      qemuImg('create', '-q', '-f', 'qcow2', at('small.qcow2'), '1M');
      expect(await runImg('convert', '-n', '-O', 'qcow2', at('disk.raw'), at('small.qcow2'))).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('is smaller (1048576 bytes) than what it is to hold (8388608 bytes)'),
      });
    });

    it('keeps an overlay an overlay (-B), also its zeroes over data', async () => {
      for (const options of [[], ['-c'], ['-W', '-m', '16']]) {
        await imgOutput(
          'convert',
          ...options,
          '-O',
          'qcow2',
          '-B',
          at('disk.raw'),
          '-F',
          'raw',
          at('top.qcow2'),
          at('top-copy.qcow2'),
        );
        same(at('top.qcow2'), at('top-copy.qcow2'));
        expect(statSync(at('top-copy.qcow2')).size).toBeLessThan(2 * MIB);
        expect(qemuImgStatus('check', at('top-copy.qcow2')).status).toBe(0);
      }
    });

    it('takes a snapshot of the source (-l)', async () => {
      for (const name of ['before', 'snapshot.name=before', 'snapshot.id=1']) {
        await imgOutput('convert', '-l', name, '-O', 'raw', at('snapped.qcow2'), at('snapped.raw'));
        same(at('disk.raw'), at('snapped.raw'));
      }
    });

    it('writes every byte when told not to look for zeroes (-S 0), and finds small ones (-S 512)', async () => {
      await imgOutput('convert', '-S', '0', '-O', 'qcow2', at('disk.raw'), at('written.qcow2'));
      expect(JSON.parse(qemuImg('check', '--output=json', at('written.qcow2')))).toMatchObject({
        'allocated-clusters': 128,
      });
      same(at('disk.raw'), at('written.qcow2'));
      await imgOutput('convert', '-S', '512', '-O', 'raw', at('disk.raw'), at('sparse.raw'));
      same(at('disk.raw'), at('sparse.raw'));
    });
  });

  describe('info, map, measure and check', () => {
    it('say the same of qcow2 images', async () => {
      for (const name of ['over.qcow2', 'packed.qcow2', 'snapped.qcow2', 'disk.raw', 'full.qcow2']) {
        expect(withoutDiskSize(await imgOutput('info', '-f', name.split('.')[1] ?? '', at(name)))).toBe(
          withoutDiskSize(qemuImg('info', '-f', name.split('.')[1] ?? '', at(name))),
        );
        expect(JSON.parse(withoutDiskSize(await imgOutput('info', '--output=json', at(name))))).toEqual(
          JSON.parse(withoutDiskSize(qemuImg('info', '--output=json', at(name)))),
        );
      }
      for (const name of ['over.qcow2', 'packed.qcow2', 'snapped.qcow2', 'full.qcow2'])
        expect(await imgOutput('map', '--output=json', at(name)), name).toBe(
          qemuImg('map', '--output=json', at(name)),
        );
      expect(await imgOutput('map', at('snapped.qcow2'))).toBe(qemuImg('map', at('snapped.qcow2')));
      expect(
        await imgOutput('map', '--start-offset=1M', '--max-length=2M', '--output=json', at('snapped.qcow2')),
      ).toBe(qemuImg('map', '--start-offset=1M', '--max-length=2M', '--output=json', at('snapped.qcow2')));
      const chain = JSON.parse(
        await imgOutput('info', '--backing-chain', '--output=json', at('over.qcow2')),
      ) as { filename: string }[];
      expect(chain.map(({ filename }) => filename)).toEqual([at('over.qcow2'), at('disk.raw')]);
    });

    it('measure the same for qcow2, and raw', async () => {
      expect(await imgOutput('measure', '-O', 'raw', at('packed.qcow2'))).toBe(
        qemuImg('measure', '-O', 'raw', at('packed.qcow2')),
      );
      for (const args of [
        ['--size', '10G'],
        ['--size', '1T', '-o', 'cluster_size=4k'],
        ['--size', '100M', '-o', 'preallocation=full'],
        [at('packed.qcow2')],
        [at('snapped.qcow2')],
      ])
        for (const output of ['human', 'json'])
          expect(
            await imgOutput('measure', `--output=${output}`, '-O', 'qcow2', ...args),
            args.join(' '),
          ).toEqual(output === 'human' ? qemuImg('measure', '-O', 'qcow2', ...args) : expect.any(String));
    });

    it('check with the same counts and statuses, and repair', async () => {
      qemuImg('create', '-q', '-f', 'qcow2', at('leaky.qcow2'), '1M');
      // A reference count for a cluster that nothing uses.
      const bytes = new Uint8Array(2);
      bytes[1] = 1;
      truncateSync(at('leaky.qcow2'), 8 * 65536);
      const { openSync, writeSync, closeSync } = await import('node:fs');
      const file = openSync(at('leaky.qcow2'), 'r+');
      writeSync(file, bytes, 0, 2, 2 * 65536 + 7 * 2);
      closeSync(file);
      const theirs = qemuImgStatus('check', at('leaky.qcow2'));
      const ours = await runImg('check', at('leaky.qcow2'));
      expect([ours.status, theirs.status]).toEqual([3, 3]);
      expect(ours.stdout).toContain(
        '\n1 leaked clusters were found on the image.\nThis means waste of disk space, but no harm to data.\n',
      );
      expect(JSON.parse((await runImg('check', '--output=json', at('leaky.qcow2'))).stdout)).toEqual({
        'image-end-offset': expect.any(Number),
        'total-clusters': 16,
        'check-errors': 0,
        leaks: 1,
        filename: at('leaky.qcow2'),
        format: 'qcow2',
      });
      const repaired = await runImg('check', '-r', 'leaks', at('leaky.qcow2'));
      expect(repaired).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('    1 leaked clusters\n    0 corruptions\n\nDouble checking'),
      });
      expect(qemuImgStatus('check', at('leaky.qcow2')).status).toBe(0);
      expect(await runImg('check', at('disk.raw'))).toMatchObject({ status: 63 });
      expect(await runImg('check', '-r', 'some', at('leaky.qcow2'))).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("expecting 'leaks' or 'all'"),
      });
    });
  });

  describe('compare', () => {
    it.each([
      ['the same disk', ['disk.raw', 'packed.qcow2']],
      ['another', ['disk.raw', 'top.qcow2']],
      ['a longer one', ['disk.raw', 'over.qcow2']],
      ['the same, strictly', ['-s', 'packed.qcow2', 'packed.qcow2']],
      ['a longer one, strictly', ['-s', 'disk.raw', 'over.qcow2']],
      ['nothing', ['disk.raw', 'nothing']],
      ['quietly', ['-q', 'disk.raw', 'top.qcow2']],
    ])('tells %s as qemu-img does', async (_name, words) => {
      const args = words.map((word) => (word.startsWith('-') ? word : at(word)));
      const theirs = qemuImgStatus('compare', ...args);
      const ours = await runImg('compare', ...args);
      expect(ours.status).toBe(theirs.status);
      if (theirs.status < 2) expect(ours.stdout).toBe(theirs.output);
      else expect(ours.stderr).toContain(`“${at('nothing')}” cannot be opened: it does not exist`);
    });
  });

  it('compares what is stored, strictly', async () => {
    // qemu-img says it of offset 0, because one of the images has a single stretch up to its end.
    expect(await runImg('compare', '-s', at('full.qcow2'), at('plain.qcow2'))).toMatchObject({
      status: 1,
      stdout: 'Strict mode: Offset 2097152 block status mismatch!\n',
    });
  });

  describe('snapshots', () => {
    it('are listed, made, applied and deleted like qemu-img’s', async () => {
      copyFileSync(at('snapped.qcow2'), at('states.qcow2'));
      await imgOutput('snapshot', '-c', 'after', at('states.qcow2'));
      expect(await imgOutput('snapshot', '-l', at('states.qcow2'))).toBe(
        qemuImg('snapshot', '-l', at('states.qcow2')),
      );
      await imgOutput('snapshot', '-a', 'before', at('states.qcow2'));
      same(at('disk.raw'), at('states.qcow2'));
      qemuImg('snapshot', '-a', 'after', at('states.qcow2'));
      same(at('snapped.qcow2'), at('states.qcow2'));
      await imgOutput('snapshot', '-d', 'before', at('states.qcow2'));
      expect(qemuImgStatus('check', at('states.qcow2')).status).toBe(0);
      expect(await runImg('snapshot', '-d', 'before', at('states.qcow2'))).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("Could not delete snapshot 'before': snapshot not found"),
      });
    });
  });

  describe('chains', () => {
    const makeChain = (name: string) => {
      copyFileSync(at('disk.raw'), at(`${name}-base.raw`));
      qemuImg(
        'create',
        '-q',
        '-f',
        'qcow2',
        '-b',
        at(`${name}-base.raw`),
        '-F',
        'raw',
        at(`${name}-mid.qcow2`),
      );
      qemuIo(at(`${name}-mid.qcow2`), 'write -P 5 512k 1M', 'write -z 5M 64k');
      qemuImg(
        'create',
        '-q',
        '-f',
        'qcow2',
        '-b',
        at(`${name}-mid.qcow2`),
        '-F',
        'qcow2',
        at(`${name}-top.qcow2`),
        '9M',
      );
      qemuIo(at(`${name}-top.qcow2`), 'write -P 6 1M 64k', 'write -z 0 128k', 'write -P 8 8M 64k');
      qemuImg('convert', '-O', 'raw', at(`${name}-top.qcow2`), at(`${name}-all.raw`));
      return (layer: string) => at(`${name}-${layer}`);
    };

    it('are committed into the image behind, zeroes too, which grows for it', async () => {
      const layer = makeChain('commit');
      expect(await imgOutput('commit', layer('top.qcow2'))).toBe('Image committed.\n');
      same(layer('all.raw'), layer('mid.qcow2'));
      same(layer('all.raw'), layer('top.qcow2'));
      expect(JSON.parse(qemuImg('map', '--output=json', layer('top.qcow2')))[0]).toMatchObject({ depth: 1 });
      expect(qemuImgStatus('check', layer('mid.qcow2')).status).toBe(0);
      await imgOutput('commit', '-d', layer('mid.qcow2'));
      same(layer('all.raw'), layer('base.raw'));
    });

    it('are committed over several images at once (-b)', async () => {
      const layer = makeChain('deep');
      await imgOutput('commit', '-q', '-b', layer('base.raw'), layer('top.qcow2'));
      same(layer('all.raw'), layer('base.raw'));
      expect(await runImg('commit', layer('base.raw'))).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('Image does not have a backing file'),
      });
    });

    it('are rebased with their content kept, or only renamed', async () => {
      const layer = makeChain('rebase');
      await imgOutput('rebase', '-b', layer('base.raw'), '-F', 'raw', layer('top.qcow2'));
      same(layer('all.raw'), layer('top.qcow2'));
      expect(JSON.parse(qemuImg('info', '--output=json', layer('top.qcow2')))).toMatchObject({
        'backing-filename': layer('base.raw'),
        'backing-filename-format': 'raw',
      });
      copyFileSync(layer('base.raw'), layer('moved.raw'));
      await imgOutput('rebase', '-u', '-b', 'rebase-moved.raw', '-F', 'raw', layer('top.qcow2'));
      same(layer('all.raw'), layer('top.qcow2'));
      await imgOutput('rebase', '-b', '', layer('top.qcow2'));
      same(layer('all.raw'), layer('top.qcow2'));
      expect(qemuImg('info', layer('top.qcow2'))).not.toContain('backing');
      expect(qemuImgStatus('check', layer('top.qcow2')).status).toBe(0);
    });
  });

  it('resizes, and shrinks only when told to', async () => {
    for (const format of ['raw', 'qcow2']) {
      qemuImg('convert', '-O', format, at('disk.raw'), at(`size.${format}`));
      expect(await imgOutput('resize', '-f', format, at(`size.${format}`), '+2M')).toBe('Image resized.\n');
      expect(
        JSON.parse(qemuImg('info', '-f', format, '--output=json', at(`size.${format}`)))['virtual-size'],
      ).toBe(10 * MIB);
      expect(
        qemuImgStatus('compare', '-f', format, '-F', 'raw', at(`size.${format}`), at('disk.raw')),
      ).toEqual({ status: 0, output: 'Warning: Image size mismatch!\nImages are identical.\n' });
      expect(await runImg('resize', '-f', format, at(`size.${format}`), '-2M')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('Use the --shrink option'),
      });
    }
    await imgOutput('resize', '--shrink', at('size.qcow2'), '1M');
    expect(qemuImgStatus('check', at('size.qcow2')).status).toBe(0);
    await imgOutput('resize', '--preallocation=full', at('size.qcow2'), '3M');
    expect(qemuImgStatus('check', at('size.qcow2')).status).toBe(0);
  });

  it('copies parts (dd)', async () => {
    for (const words of [['bs=1M', 'count=3'], ['bs=4k', 'skip=100'], ['count=7']]) {
      await imgOutput('dd', `if=${at('packed.qcow2')}`, `of=${at('part.raw')}`, ...words);
      qemuImg('dd', `if=${at('packed.qcow2')}`, `of=${at('part-theirs.raw')}`, ...words);
      same(at('part.raw'), at('part-theirs.raw'));
      expect(statSync(at('part.raw')).size).toBe(statSync(at('part-theirs.raw')).size);
    }
    expect(await runImg('dd', `if=${at('disk.raw')}`, `of=${at('part.raw')}`, 'conv=sync')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('unrecognized operand conv=sync'),
    });
  });

  it('compacts an image in place', async () => {
    qemuImg('convert', '-O', 'qcow2', '-o', 'cluster_size=4k', at('disk.raw'), at('loose.qcow2'));
    qemuIo(at('loose.qcow2'), 'write -P 1 3M 2M', 'write -P 0 3M 2M');
    qemuImg('convert', '-O', 'raw', at('loose.qcow2'), at('loose.raw'));
    const before = statSync(at('loose.qcow2')).size;
    await imgOutput('compact', at('loose.qcow2'));
    expect(statSync(at('loose.qcow2')).size).toBeLessThan(before - MIB);
    same(at('loose.raw'), at('loose.qcow2'));
    expect(JSON.parse(qemuImg('info', '--output=json', at('loose.qcow2')))['cluster-size']).toBe(4096);
    expect(existsSync(at('loose.qcow2'))).toBe(true);
  });

  it('benches', async () => {
    expect(await imgOutput('bench', '-c', '100', '-d', '4', '-s', '8k', at('packed.qcow2'))).toMatch(
      /^Sending 100 read requests, 8192 bytes each, 4 in parallel \(starting at offset 0, step size 8192\)\nRun completed in \d+\.\d{3} seconds\.\n$/,
    );
  });
});
