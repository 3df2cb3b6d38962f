//! The memory of a program and of all that it started: its part of each page that several share (PSS), in megabytes.
import { readFileSync, readdirSync } from 'node:fs';

/** Of each process: its name, its megabytes. */
export function memory(pid) {
  return family(pid).flatMap((one) => {
    try {
      const kb = (name) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
      const name = readFileSync(`/proc/${one}/comm`, 'utf8').trim();
      return [{ name, pss_mb: kb('Pss') / 1024, own_mb: (kb('Private_Clean') + kb('Private_Dirty')) / 1024 }];
    } catch {
      return []; // Ended meanwhile.
    }
  });
}

function family(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // After the name, which may hold anything.
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // Ended meanwhile.
    }
  }
  const found = [pid];
  for (const one of found) found.push(...[...parents].filter(([, parent]) => parent === one).map(([child]) => child));
  return found;
}
