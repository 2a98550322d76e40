/** A process that is watched by our monitor, and that injections happen to. */
import { ourWitness } from './our-witness.ts';
import { runSubject } from './subject-run.ts';

runSubject(ourWitness());
