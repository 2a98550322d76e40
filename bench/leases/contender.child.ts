/** A contender with any of the libraries that are compared. */
import { runContender } from '../../test/live/contender.ts';
import { OUR_RIGS } from '../../test/live/our-rigs.ts';
import { PEER_RIGS } from './peer-rigs.ts';

await runContender({ ...OUR_RIGS, ...PEER_RIGS });
