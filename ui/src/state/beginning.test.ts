import { expect, it } from 'vitest';
import { NOW } from '../testing';
import { DAY, HOUR } from '../time';
import { beforeRecords } from './beginning';

it('the time before the oldest record is a band that says since when there are any', () => {
  const [band, ...more] = beforeRecords(NOW - HOUR, NOW, 'Europe/Madrid');
  expect(band).toMatchObject({ from_ms: -Infinity, to_ms: NOW - HOUR, label: 'No records before 08:00' });
  expect(more).toEqual([]);
  expect(beforeRecords(NOW - DAY, NOW, 'Europe/Madrid')[0]?.label).toContain('19');
});

it('where nothing was due yet, nothing is missing', () => {
  expect(beforeRecords(null, NOW, 'Europe/Madrid')).toEqual([]);
  expect(beforeRecords(NOW + HOUR, NOW, 'Europe/Madrid')).toEqual([]);
});
