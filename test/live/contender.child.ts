/** A contender with one of our leases. */
import { runContender } from './contender.ts';
import { OUR_RIGS } from './our-rigs.ts';

await runContender(OUR_RIGS);
