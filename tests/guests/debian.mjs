// Files out of Debian packages of any architecture. apt works on package lists of its own in the cache folder, so the
// system's configuration stays as it is and no root is needed. References: apt.conf(5), sources.list(5), dpkg-deb(1).

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SUITE = 'bookworm';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** A kernel with all its modules, unpacked. */
const MAX_TREE_BYTES = 1024 * 1024 * 1024;

export class Packages {
  #folder;
  #arch;
  #config;

  /**
   * @param {string} cache
   * @param {'i386' | 'amd64'} arch
   */
  constructor(cache, arch) {
    this.#arch = arch;
    this.#folder = join(cache, 'packages', arch);
    this.#config = join(this.#folder, 'apt.conf');
  }

  /** The versioned package behind one that only depends on it. @param {string} name */
  newest(name) {
    const text = this.#apt('apt-cache', ['depends', '--no-recommends', '--no-suggests', name]);
    const found = /^\s+Depends: (\S+)/m.exec(text)?.[1];
    if (!found) throw new Error(`Debian ${SUITE} has no ${name} for ${this.#arch}`);
    return found;
  }

  /**
   * One file of a package, which is downloaded for it.
   * @param {string} name
   * @param {string} path
   */
  file(name, path) {
    return this.#unpack(name, (tree) => execFileSync('tar', ['-xO', `./${path}`], { input: tree, maxBuffer: MAX_FILE_BYTES }));
  }

  /**
   * Those files of a package whose names end so, by their base names.
   * @param {string} name
   * @param {readonly string[]} wanted
   * @returns {Map<string, Buffer>}
   */
  files(name, wanted) {
    return this.#unpack(name, (tree) => {
      const names = execFileSync('tar', ['-t'], { input: tree, encoding: 'utf8', maxBuffer: MAX_FILE_BYTES }).split('\n');
      const found = new Map();
      for (const file of wanted) {
        const path = names.find((candidate) => candidate.endsWith(`/${file}`));
        if (path === undefined) throw new Error(`${name} has no ${file}`);
        found.set(file, execFileSync('tar', ['-xO', path], { input: tree, maxBuffer: MAX_FILE_BYTES }));
      }
      return found;
    });
  }

  /**
   * All files of a package.
   * @param {string} folder
   * @param {string} name
   */
  unpackInto(folder, name) {
    mkdirSync(folder, { recursive: true });
    this.#unpack(name, (tree) => execFileSync('tar', ['-x', '-C', folder], { input: tree }));
  }

  /**
   * @template T
   * @param {string} name
   * @param {(tree: Buffer) => T} use
   * @returns {T}
   */
  #unpack(name, use) {
    this.#apt('apt-get', ['-qq', 'download', name]);
    const archive = readdirSync(this.#folder).find(
      (file) => file.startsWith(`${name}_`) && file.endsWith('.deb'),
    );
    if (!archive) throw new Error(`the package ${name} did not arrive`);
    const tree = execFileSync('dpkg-deb', ['--fsys-tarfile', join(this.#folder, archive)], {
      maxBuffer: MAX_TREE_BYTES,
    });
    rmSync(join(this.#folder, archive));
    return use(tree);
  }

  /**
   * @param {string} command
   * @param {string[]} args
   */
  #apt(command, args) {
    if (!existsSync(this.#config)) this.#prepare();
    const env = { ...process.env, APT_CONFIG: this.#config, LC_ALL: 'C' };
    return execFileSync(command, args, {
      cwd: this.#folder,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #prepare() {
    for (const folder of ['lists/partial', 'archives/partial'])
      mkdirSync(join(this.#folder, folder), { recursive: true });
    writeFileSync(join(this.#folder, 'status'), '');
    writeFileSync(
      join(this.#folder, 'sources.list'),
      `deb [signed-by=${KEYRING}] ${mirror()} ${SUITE} main\n`,
    );
    const draft = join(this.#folder, 'apt.conf.new');
    writeFileSync(
      draft,
      [
        `APT::Architecture "${this.#arch}";`,
        '#clear APT::Architectures;',
        `APT::Architectures { "${this.#arch}"; };`,
        'APT::Sandbox::User "root";',
        `Dir::State "${this.#folder}";`,
        `Dir::State::status "${this.#folder}/status";`,
        `Dir::Cache "${this.#folder}";`,
        `Dir::Etc::sourcelist "${this.#folder}/sources.list";`,
        'Dir::Etc::sourceparts "/dev/null";',
        'Dir::Etc::preferencesparts "/dev/null";',
        '',
      ].join('\n'),
    );
    execFileSync('apt-get', ['-qq', 'update'], {
      env: { ...process.env, APT_CONFIG: draft },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    execFileSync('mv', [draft, this.#config]);
  }
}

/** The Debian archive that this system's own apt uses. */
function mirror() {
  const format = '$(REPO_URI) $(COMPONENT) $(CODENAME)';
  const text = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const line = text.split('\n').find((candidate) => / main \w+$/.test(candidate));
  const address = line?.split(' ')[0];
  if (!address) throw new Error('apt has no Debian archive configured here; run `apt-get update` first');
  return address;
}
