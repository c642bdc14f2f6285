/** Each text in both languages (P14): flags, statuses, grades, metrics, and whatever the dated rows say. */
import { pollutionFlags, pollutionMetricNames, pollutionSeeds } from '#contracts';
import { catalogue, metricTexts } from './catalogue.js';
import { averagingTexts, badges, flagTexts, gradeTexts, pollutantTexts, sourceTexts, statusTexts } from './texts.js';

const tables = { flagTexts, statusTexts, gradeTexts, sourceTexts, averagingTexts, badges, pollutantTexts, metricTexts };

test.each(Object.entries(tables))('%s', (_, texts) => {
  for (const [key, { nameVi, nameEn }] of Object.entries(texts)) expect([key, nameVi.trim().length > 1, nameEn.trim().length > 1]).toEqual([key, true, true]);
});

test('every flag and every metric has one', () => {
  expect(Object.keys(flagTexts).sort()).toEqual([...pollutionFlags].sort());
  expect(Object.keys(metricTexts).sort()).toEqual([...pollutionMetricNames].sort());
  expect(catalogue.map(({ name }) => name)).toEqual([...pollutionMetricNames]);
});

test('flags, statuses and grades are words of the language, not the same word twice', () => {
  for (const texts of [flagTexts, statusTexts, gradeTexts, sourceTexts, averagingTexts, badges]) for (const { nameVi, nameEn } of Object.values(texts)) expect(nameVi).not.toBe(nameEn);
});

test('what dated rows say in Vietnamese they say in English', () => {
  let found = 0;
  for (const { id, value } of pollutionSeeds) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    for (const name of Object.keys(value).filter((one) => one.endsWith('Vi'))) {
      const other = (value as Record<string, unknown>)[`${name.slice(0, -2)}En`];
      expect([id, name, typeof other === 'string' && other !== '']).toEqual([id, name, true]);
      found += 1;
    }
  }
  expect(found).toBeGreaterThan(40);
});
