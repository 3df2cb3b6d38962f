import { describe, expect, it } from 'vitest';
import { blankDraft, definitionOf, draftOf, fieldFor, type Draft } from './draft';
import { gateWords } from './gating';
import { placeName } from './places';
import { readBack } from './readback';

const ZONE = 'Europe/Madrid';
const draft = (change: Partial<Draft> = {}): Draft => ({ ...blankDraft(ZONE), name: 'x', address: 'http://127.0.0.1/', cron: '5 * * * *', ...change });
const gate = (change: Partial<Draft>) => definitionOf(draft(change)).definition['gate'];
const said = (change: Partial<Draft>) => readBack(draft(change), 'hourly at :05').map((phrase) => phrase.text).join('');
const HOUR = { amount: '1', unit: 'hours' } as const;

it('a gate reads into the form and out again the same', () => {
  const WHOLE = { before_delivery: true, before_confirmation: true, steps: ['send', 'post, twice'], deadline_seconds: 3600, on_no_answer: 'escalate' };
  const { definition, errors } = definitionOf({ ...draftOf({ ...definitionOf(draft()).definition, gate: WHOLE }, ZONE) });
  expect([errors, definition['gate']]).toEqual([{}, WHOLE]);
});

it('what the host writes for a cue that asks nothing stays nothing', () => {
  const base = { ...definitionOf(draft()).definition, gate: { before_delivery: false, before_confirmation: false, steps: [], deadline_seconds: null, on_no_answer: 'keep_waiting' } };
  expect(definitionOf(draftOf(base, ZONE)).definition).not.toHaveProperty('gate');
});

it('only what is asked is said', () => {
  expect(gate({})).toBeUndefined();
  expect(gate({ askConfirm: true, askDeadline: HOUR, onNoAnswer: 'stop' })).toEqual({ before_confirmation: true });
  expect(gate({ askSteps: ' send \n\nsend\npay ' })).toEqual({ steps: ['send', 'pay'] });
  expect(gate({ askDelivery: true, askDeadline: HOUR, onNoAnswer: 'stop' })).toEqual({ before_delivery: true, deadline_seconds: 3600, on_no_answer: 'stop' });
  expect(gate({ askDelivery: true, transport: 'watch' })).toBeUndefined();
});

it.each<[string, Partial<Draft>, string]>([
  ['no deadline for a policy', { askDelivery: true, onNoAnswer: 'proceed' }, 'askDeadline'], ['no length', { askDelivery: true, askDeadline: { amount: 'x', unit: 'hours' } }, 'askDeadline'], ['too long', { askSteps: 'send', askDeadline: { amount: '31', unit: 'days' } }, 'askDeadline'],
  ['no steps where delivery is all', { askSteps: 'send', confirm: 'delivery' }, 'askSteps'], ['too many steps', { askSteps: Array.from({ length: 51 }, (_, i) => `s${i}`).join('\n') }, 'askSteps'], ['a long name', { askSteps: 'é'.repeat(101) }, 'askSteps']
])('%s is told at its field', (_, change, field) => expect(Object.keys(definitionOf(draft(change)).errors)).toEqual([field]));

it.each([['gate.before_delivery', 'askDelivery'], ['gate.before_confirmation', 'askConfirm'], ['gate.steps', 'askSteps'], ['gate.steps[2]', 'askSteps'], ['gate.deadline_seconds', 'askDeadline'], ['gate.on_no_answer', 'onNoAnswer'], ['gate', 'onNoAnswer']])('the host’s %s stands at %s, which has a name', (path, field) => {
  expect(fieldFor(path, draft())).toBe(field);
  expect(placeName(field)).not.toBe(field);
});

describe('read back', () => {
  it('what waits for a yes, and what if there is none', () => {
    expect(said({ askDelivery: true, askDeadline: HOUR, onNoAnswer: 'stop' })).toContain('Nothing is delivered before your yes. With no answer within 1 h the run is stopped.');
    expect(said({ askSteps: 'send\npay' })).toContain('Its steps send and pay begin with your yes alone. It waits until you answer.');
    expect(said({ askConfirm: true })).toContain('Its success counts when you say that it is so.');
    expect(said({})).not.toContain('yes');
  });
  it('in few words', () => expect([gateWords(draft({})), gateWords(draft({ askDelivery: true, askSteps: 'send', askConfirm: true }))]).toEqual(['nothing', 'before its delivery; before send; before its success counts']));
});
