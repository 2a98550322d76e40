export * from './program.ts';
export * from './report-schema.ts';
